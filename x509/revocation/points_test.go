package revocation_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

// pointing returns an edit that names distribution points.
func pointing(urls ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.CRLDistributionPoints = urls }
}

// Which URLs of a certificate are asked.
func TestPoints(t *testing.T) {
	const (
		fine    = "http://crl.example.com/root.crl"
		refused = "the host is not among those allowed"
	)
	for _, row := range []struct {
		name  string
		hosts []string
		http  bool
		urls  []string
		asked []string
		text  string // empty: it is good
	}{
		{"one", []string{"crl.example.com"}, true, []string{fine}, []string{fine}, ""},
		{"host in capitals", []string{"CRL.example.com"}, true, []string{"http://crl.EXAMPLE.com/"}, []string{"http://crl.EXAMPLE.com/"}, ""},
		{"usual port", []string{"crl.example.com"}, true, []string{"http://crl.example.com:80/"}, []string{"http://crl.example.com:80/"}, ""},
		{"https", []string{"crl.example.com"}, false, []string{"https://crl.example.com:443/"}, []string{"https://crl.example.com:443/"}, ""},
		{"another port, allowed", []string{"crl.example.com:8080"}, true, []string{"http://crl.example.com:8080/"}, []string{"http://crl.example.com:8080/"}, ""},
		{"IPv6", []string{"[::1]"}, true, []string{"http://[::1]:80/"}, []string{"http://[::1]:80/"}, ""},
		{"the second is allowed", []string{"crl.example.com"}, true, []string{"http://localhost/", fine}, []string{fine}, ""},
		{"none", []string{"crl.example.com"}, true, nil, nil, "the certificate names no CRL"},
		{"http", []string{"crl.example.com"}, false, []string{fine}, nil, fine + ": must be https"},
		{"another port", []string{"crl.example.com"}, true, []string{"http://crl.example.com:8080/"}, nil, "http://crl.example.com:8080/: " + refused},
		{"the usual port of the other scheme", []string{"crl.example.com"}, true, []string{"http://crl.example.com:443/"}, nil, "http://crl.example.com:443/: " + refused},
		{"not the port allowed", []string{"crl.example.com:8080"}, true, []string{fine}, nil, fine + ": " + refused},
		{"a host below", []string{"example.com"}, true, []string{fine}, nil, fine + ": " + refused},
		{"a host that begins alike", []string{"crl.example.com"}, true, []string{"http://crl.example.com.evil.test/"}, nil, "http://crl.example.com.evil.test/: " + refused},
		{"a user that looks like the host", []string{"crl.example.com"}, true, []string{"http://crl.example.com@evil.test/"}, nil, "…@evil.test/: must not have a user or a password"},
		{"metadata of a cloud", []string{"crl.example.com"}, true, []string{"http://169.254.169.254/latest"}, nil, "http://169.254.169.254/latest: " + refused},
		{"a file", []string{"crl.example.com"}, true, []string{"file:///etc/passwd"}, nil, "file:///etc/passwd: has no host"},
		{"LDAP", []string{"crl.example.com"}, true, []string{"ldap://crl.example.com/cn=root"}, nil, "ldap://crl.example.com/cn=root: must be https"},
		{"the fifth", []string{"crl.example.com"}, true, []string{"http://a/", "http://a/", "http://a/", "http://a/", fine}, nil,
			"http://a/: " + refused + "; http://a/: " + refused + "; http://a/: " + refused + "; http://a/: " + refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *server) {
				root := newRoot(t, time.Now())
				s.serve(root.crl(1, nil))
				p, err := revocation.CRLPoints(row.hosts, &revocation.URLOptions{HTTP: row.http, Client: s.client()})
				require.NoError(t, err)
				_, err = p.Status(t.Context(), root.issue("jane", pointing(row.urls...)), root.cert)
				if row.text == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, row.text)
				}
				s.requests()
				require.Equal(t, row.asked, s.asked)
			})
		})
	}
}

// One of several that can tell is enough, and each is fetched once for all.
func TestPointsShared(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		at := pointing("https://crl.example.com/1", "https://crl.example.com/2")
		jane, bob := root.issue("jane", at), root.issue("bob", at)
		s.set(func() { s.down = true })
		p, err := revocation.CRLPoints([]string{"crl.example.com"}, &revocation.URLOptions{Client: s.client()})
		require.NoError(t, err)
		require.NoError(t, p.HealthCheck())
		mustSay(t, p, authn.Unavailable, jane, root)
		require.Equal(t, 2, s.requests())
		require.EqualError(t, p.HealthCheck(), "CRL distribution points: GET https://crl.example.com/1: connection refused; GET https://crl.example.com/2: connection refused")

		s.set(func() { s.down = false })
		s.serve(root.crl(1, nil, bob))
		time.Sleep(3 * time.Second)
		mustSay(t, p, "", jane, root)
		mustSay(t, p, authn.Revoked, bob, root)
		require.Equal(t, 3, s.requests())
		require.EqualValues(t, 1, p.Generation())
	})
}

// Authorities that name ever more URLs do not fill the memory.
func TestPointsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		s.serve(root.crl(1, nil))
		p, err := revocation.CRLPoints([]string{"crl.example.com"}, &revocation.URLOptions{Client: s.client()})
		require.NoError(t, err)
		for i := range 200 {
			mustSay(t, p, "", root.issue("jane", pointing(fmt.Sprintf("https://crl.example.com/%d", i))), root)
		}
		require.Equal(t, 200, s.requests())
		again := 0
		for i := range 200 {
			before := s.requests()
			mustSay(t, p, "", root.issue("jane", pointing(fmt.Sprintf("https://crl.example.com/%d", i))), root)
			again += s.requests() - before
		}
		require.GreaterOrEqual(t, again, 200-64)
	})
}

// However many are named, few are fetched at a time.
func TestPointsFetches(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		s.serve(root.crl(1, nil))
		s.set(func() { s.delay = 100 * time.Millisecond })
		p, err := revocation.CRLPoints([]string{"crl.example.com"}, &revocation.URLOptions{Client: s.client()})
		require.NoError(t, err)
		var wg sync.WaitGroup
		for i := range 60 {
			cert := root.issue("jane", pointing(fmt.Sprintf("https://crl.example.com/%d", i)))
			wg.Go(func() {
				if _, err := p.Status(t.Context(), cert, root.cert); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 60, s.requests())
		require.Equal(t, 8, s.most)
	})
}

func TestNewPoints(t *testing.T) {
	for _, row := range []struct {
		hosts []string
		text  string
	}{
		{nil, "at least one is required, since the URLs come out of certificates"},
		{[]string{""}, `"" is no host`},
		{[]string{"https://crl.example.com"}, `"https://crl.example.com" is no host`},
		{[]string{"crl.example.com/path"}, `"crl.example.com/path" is no host`},
		{[]string{"user@crl.example.com"}, `"user@crl.example.com" is no host`},
		{[]string{"crl.example.com", ":80"}, `":80" is no host`},
	} {
		_, err := revocation.CRLPoints(slices.Clone(row.hosts), nil)
		require.EqualError(t, err, "revocation: CRL distribution points: hosts: "+row.text)
	}
}
