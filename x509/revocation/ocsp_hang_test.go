package revocation_test

import (
	"crypto/x509"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/x509/revocation"
)

// hanging never answers what goes to one path.
type hanging struct {
	path string
	rest http.RoundTripper
}

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == h.path {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return h.rest.RoundTrip(r)
}

// A responder that does not answer leaves time for the next one.
func TestOCSPHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane := root.issue("jane", func(c *x509.Certificate) {
			c.OCSPServer = []string{"https://ocsp.example.com/1", "https://ocsp.example.com/2"}
		})
		s.serve(root.respond(jane, nil))
		r := newResponder(t, s, func(c *revocation.OCSPConfig) {
			c.URL, c.Hosts, c.Client = "", []string{"ocsp.example.com"}, &http.Client{Transport: hanging{"/1", s}}
		})
		start := time.Now()
		_, err := r.Status(t.Context(), jane, root.cert)
		require.NoError(t, err)
		require.Equal(t, 2500*time.Millisecond, time.Since(start))
	})
}
