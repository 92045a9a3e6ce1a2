package revocation_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

const listURL = "https://crl.example.com/root.crl"

func newURL(t *testing.T, s *server, edits ...func(*revocation.URLOptions)) *revocation.URL {
	t.Helper()
	o := revocation.URLOptions{Client: s.client()}
	for _, edit := range edits {
		edit(&o)
	}
	u, err := revocation.CRLURL(listURL, &o)
	require.NoError(t, err)
	return u
}

// mustSay fails unless the reason is what a source says of a certificate at once.
func mustSay(t *testing.T, s revocation.Source, want authn.Reason, cert *x509.Certificate, issuer *authority) {
	t.Helper()
	start := time.Now()
	_, err := s.Status(t.Context(), cert, issuer.cert)
	require.Equal(t, want, reasonOf(err), err)
	require.Zero(t, time.Since(start), "it has waited")
}

func TestURL(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane, bob := root.issue("jane"), root.issue("bob")
		u := newURL(t, s)
		require.EqualError(t, u.HealthCheck(), "CRL URL: "+listURL+": not fetched yet")
		s.serve(root.crl(1, nil, bob))
		mustSay(t, u, "", jane, root)
		mustSay(t, u, authn.Revoked, bob, root)
		require.Equal(t, 1, s.requests())
		require.NoError(t, u.HealthCheck())
		require.EqualValues(t, 1, u.Generation())

		s.serve(bundle(root.crl(2, nil, jane))) // which is found when it is time
		time.Sleep(9 * time.Minute)
		mustSay(t, u, "", jane, root)
		require.Equal(t, 1, s.requests())
		time.Sleep(3 * time.Minute)
		mustSay(t, u, "", jane, root) // nobody waits for it
		require.Equal(t, 2, s.requests())
		mustSay(t, u, authn.Revoked, jane, root)
		mustSay(t, u, "", bob, root)
		require.EqualValues(t, 2, u.Generation())

		time.Sleep(12 * time.Minute)
		mustSay(t, u, "", bob, root)
		require.Equal(t, 3, s.requests())
		require.EqualValues(t, 2, u.Generation(), "it is the same as before")
	})
}

// A list that lives for minutes is fetched when half of that is over.
func TestURLShortLife(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane := root.issue("jane")
		s.set(func() {
			s.answer = func([]byte) []byte {
				return root.crl(time.Now().Unix(), func(l *x509.RevocationList) {
					l.ThisUpdate, l.NextUpdate = time.Now(), time.Now().Add(2*time.Minute)
				})
			}
		})
		u := newURL(t, s)
		for range 20 {
			until, err := u.Status(t.Context(), jane, root.cert)
			require.NoError(t, err)
			require.LessOrEqual(t, time.Until(until), 66*time.Second)
			time.Sleep(30 * time.Second)
		}
		require.LessOrEqual(t, s.requests(), 10)
		require.GreaterOrEqual(t, s.requests(), 5)
	})
}

// What a server can do wrong, at first and once there is a list.
func TestURLFaults(t *testing.T) {
	read := 0
	for _, row := range []struct {
		name string
		set  func(s *server, root *authority)
		text string
		took time.Duration
	}{
		{"down", func(s *server, _ *authority) { s.down = true }, "GET " + listURL + ": connection refused", 0},
		{"500", func(s *server, _ *authority) { s.status = 500; s.give(nil) }, "GET " + listURL + ": status 500", 0},
		{"redirect", func(s *server, _ *authority) { s.status, s.location = 302, "https://other.example.com/"; s.give(nil) }, "GET " + listURL + ": status 302", 0},
		{"hangs", func(s *server, _ *authority) { s.delay = time.Hour }, "GET " + listURL + ": context deadline exceeded", 5 * time.Second},
		{"slow", func(s *server, _ *authority) { s.body = trickle{time.Second} }, "GET " + listURL + ": reading the answer: context deadline exceeded", 5 * time.Second},
		{"1 GiB", func(s *server, _ *authority) { s.body = endless{&read} }, "GET " + listURL + ": the answer has more than 16777216 bytes", 0},
		{"empty", func(s *server, _ *authority) { s.give(nil) }, listURL + ": no CRL in it", 0},
		{"garbage", func(s *server, _ *authority) { s.give([]byte("<html>")) }, listURL + ": no CRL in it", 0},
		{"of a stranger of that name", func(s *server, root *authority) { s.give(newRoot(root.t, time.Now()).crl(3, nil)) }, listURL + ": " + `CRL 3 of "CN=root": not signed with the issuer's key`, 0},
		{"damaged", func(s *server, root *authority) {
			list := root.crl(3, nil)
			list[len(list)-3] ^= 1
			s.give(list)
		}, listURL + ": " + `CRL 3 of "CN=root": not signed with the issuer's key`, 0},
		{"delta", func(s *server, root *authority) { s.give(root.crl(3, with(root.t, idDelta, true, 1))) }, listURL + ": " + `CRL 3 of "CN=root": a delta CRL, which is not supported`, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *server) {
				root := newRoot(t, time.Now())
				jane, bob := root.issue("jane"), root.issue("bob")
				s.set(func() { row.set(s, root) })
				u := newURL(t, s)
				start := time.Now()
				for range 10 { // of which the first has it fetched
					_, err := u.Status(t.Context(), jane, root.cert)
					require.EqualError(t, err, row.text)
				}
				require.Equal(t, row.took, time.Since(start))
				require.Equal(t, 1, s.requests())
				require.EqualError(t, u.HealthCheck(), "CRL URL: "+row.text)

				time.Sleep(3 * time.Second)
				good := root.crl(2, nil, bob)
				s.set(func() { s.status, s.delay, s.body, s.down = http.StatusOK, 0, nil, false })
				s.serve(good)
				mustSay(t, u, "", jane, root)
				require.Equal(t, 2, s.requests())
				require.NoError(t, u.HealthCheck())

				s.set(func() { row.set(s, root) })
				time.Sleep(12 * time.Minute)
				mustSay(t, u, "", jane, root)
				time.Sleep(6 * time.Second)
				mustSay(t, u, authn.Revoked, bob, root)
				require.ErrorContains(t, u.HealthCheck(), "still what was fetched before: "+row.text)
				for range 100 {
					mustSay(t, u, "", jane, root)
				}
				require.Equal(t, 3, s.requests())

				time.Sleep(24 * time.Hour) // until it is stale
				_, err := u.Status(t.Context(), jane, root.cert)
				require.ErrorContains(t, err, row.text)
				require.ErrorContains(t, err, `CRL 2 of "CN=root": stale since `)
				mustSay(t, u, authn.Revoked, bob, root)
			})
		})
	}
	require.Less(t, read, 100*(17<<20), "of each of a few answers")
}

// An older list is not taken, nor one that lacks the authority's.
func TestURLRollBack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane := root.issue("jane")
		s.serve(root.crl(5, nil, jane))
		u := newURL(t, s)
		mustSay(t, u, authn.Revoked, jane, root)
		for _, row := range []struct {
			list []byte
			text string
		}{
			{root.crl(4, nil), `CRL 4 of "CN=root": older than CRL 5 of "CN=root", which is in use`},
			{root.intermediate("other").crl(9, nil), `CRL 5 of "CN=root", which is in use, is not there any more`},
		} {
			s.serve(row.list)
			time.Sleep(12 * time.Minute)
			mustSay(t, u, authn.Revoked, jane, root)
			s.requests()
			mustSay(t, u, authn.Revoked, jane, root)
			require.EqualError(t, u.HealthCheck(), "CRL URL: still what was fetched before: "+listURL+": "+row.text)
		}
		s.serve(root.crl(6, nil))
		time.Sleep(12 * time.Minute)
		mustSay(t, u, authn.Revoked, jane, root)
		s.requests()
		mustSay(t, u, "", jane, root)
		require.NoError(t, u.HealthCheck())
	})
}

// A certificate of another issuer is none of the list's business, and has nothing
// fetched.
func TestURLOtherIssuer(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		sub := root.intermediate("sub")
		s.serve(root.crl(5, nil))
		u := newURL(t, s)
		mustSay(t, u, "", sub.cert, root)
		for range 100 {
			mustSay(t, u, authn.Unavailable, sub.issue("jane"), sub)
			time.Sleep(time.Second)
		}
		require.Equal(t, 1, s.requests())
	})
}

// However many come first, the list is fetched once, and who leaves does not end it.
func TestURLOneFetch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane := root.issue("jane")
		s.serve(root.crl(1, nil))
		s.set(func() { s.delay = time.Second })
		u := newURL(t, s)
		left, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer leave()
		_, err := u.Status(left, jane, root.cert)
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() {
				if _, err := u.Status(t.Context(), jane, root.cert); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, s.requests())
	})
}

// A clock that goes back does not put the next fetch off.
func TestURLClock(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	clk := newClock()
	s := &server{status: http.StatusOK, down: true}
	s.serve(root.crl(1, func(l *x509.RevocationList) { l.ThisUpdate = epoch.Add(-48 * time.Hour) }))
	u := newURL(t, s, func(o *revocation.URLOptions) { o.Now = clk.Now })
	_, err := u.Status(t.Context(), jane, root.cert)
	require.Error(t, err)
	s.set(func() { s.down = false })
	_, err = u.Status(t.Context(), jane, root.cert)
	require.Error(t, err, "too soon")
	clk.Add(-24 * time.Hour)
	_, err = u.Status(t.Context(), jane, root.cert)
	require.NoError(t, err)
}

// A client that panics is one that fails.
func TestURLPanic(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		u := newURL(t, s) // which has nothing to give, and panics
		_, err := u.Status(t.Context(), root.issue("jane"), root.cert)
		require.EqualError(t, err, listURL+": panicked with a runtime.errorString")
	})
}

func TestNewURL(t *testing.T) {
	for _, row := range []struct {
		url  string
		http bool
		text string // empty: it is fine
	}{
		{"https://crl.example.com/a.crl", false, ""},
		{"http://crl.example.com/a.crl", true, ""},
		{"HTTP://crl.example.com/a.crl", true, ""},
		{"http://crl.example.com/a.crl", false, `"http://crl.example.com/a.crl": must be https`},
		{"ldap://crl.example.com/a.crl", true, `"ldap://crl.example.com/a.crl": must be https`},
		{"file:///etc/passwd", true, `"file:///etc/passwd": has no host`},
		{"http://user:secret@crl.example.com/", true, `"…@crl.example.com/": must not have a user or a password`},
		{"", true, `"": required`},
	} {
		_, err := revocation.CRLURL(row.url, &revocation.URLOptions{HTTP: row.http})
		if row.text == "" {
			require.NoError(t, err, row.url)
		} else {
			require.EqualError(t, err, "revocation: CRL URL "+row.text)
		}
	}
}
