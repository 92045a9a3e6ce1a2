package webhook

// ParseQuestion reads a review that is asked for.
func ParseQuestion(text string) (version, token string, audiences []string, err error) {
	q, err := parseQuestion(text)
	if err != nil {
		return "", "", nil, err
	}
	return q.version, q.token, q.audiences, nil
}
