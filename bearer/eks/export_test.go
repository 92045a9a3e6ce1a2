package eks

// ParseToken reads a token that may lead to the hosts that are listed, and returns where
// to, and when it was made in Unix seconds.
func ParseToken(token string, allowed ...string) (url string, made int64, err error) {
	h := make(hosts)
	for _, name := range allowed {
		h[name] = true
	}
	p, err := parse(token, defaultMaxBytes, h)
	if err != nil {
		return "", 0, err
	}
	return p.url(), p.date.Unix(), nil
}

// ParseIdentity reads an answer of STS's.
func ParseIdentity(body []byte) (Identity, error) {
	id, err := parseIdentity(body)
	if err == nil {
		err = id.complete()
	}
	return id, err
}

// ParseError reads an error of STS's.
func ParseError(body []byte) (code, message string, err error) { return parseError(body) }
