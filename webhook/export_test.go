package webhook

import "k8s.io/apiserver/pkg/authentication/user"

// Status is what counts of an answer.
type Status struct {
	Authenticated bool
	User          user.DefaultInfo
	Audiences     []string
	Error         string
}

// Parse reads an answer as if it had come from the reviewer.
func (a *Authenticator) Parse(body []byte) (*Status, error) {
	st, err := a.parse(body)
	return (*Status)(st), err
}

// NoBackoff has a try failures again at once.
func (a *Authenticator) NoBackoff() { a.backoff = 0 }

// SetRandom has f decide on the jitter.
func (a *Authenticator) SetRandom(f func() float64) { a.random = f }
