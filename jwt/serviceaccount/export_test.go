package serviceaccount

import (
	"context"
	"net"
	"net/http"

	"github.com/authnchain/authnchain/jwt"
)

// ReadBound reads the claims of a token, and returns the user's name and what it is bound
// to.
func ReadBound(c jwt.Claims) (username string, bound []Reference, err error) {
	t, err := readBound(c)
	if err != nil {
		return "", nil, err
	}
	return t.username(), []Reference{t.account, t.secret, t.pod, t.node, t.validating, t.mutating}, nil
}

// ParseObject reads an API server's answer.
var ParseObject = parseObject

// PodClient returns a client of the API server on a host.
func PodClient(folder, host string) (*http.Client, error) {
	p, err := podClient(folder, host, nil)
	return &http.Client{Transport: p}, err
}

// SetDial sets how a client of PodClient connects.
func SetDial(c *http.Client, dial func(context.Context, string, string) (net.Conn, error)) (*http.Transport, error) {
	t, err := c.Transport.(*podTransport).transport()
	if err != nil {
		return nil, err
	}
	t.DialContext = dial
	return t.Transport, nil
}
