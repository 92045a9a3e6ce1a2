package revocation_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

const responderURL = "https://ocsp.example.com/"

func newResponder(t *testing.T, s *server, edits ...func(*revocation.OCSPConfig)) *revocation.Responder {
	t.Helper()
	c := revocation.OCSPConfig{URL: responderURL, Client: s.client()}
	for _, edit := range edits {
		edit(&c)
	}
	r, err := revocation.OCSP(c)
	require.NoError(t, err)
	return r
}

// respond signs an answer about a certificate of issuer, of a minute ago and good for a
// day, as the responder that signer is the certificate of.
func respond(t testing.TB, issuer *authority, cert *x509.Certificate, signer *x509.Certificate, key *ecdsa.PrivateKey, edit func(*ocsp.Response)) []byte {
	t.Helper()
	resp := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: cert.SerialNumber,
		ThisUpdate:   issuer.now.Add(-time.Minute),
		NextUpdate:   issuer.now.Add(24 * time.Hour),
	}
	if signer != issuer.cert {
		resp.Certificate = signer
	}
	if edit != nil {
		edit(&resp)
	}
	der, err := ocsp.CreateResponse(issuer.cert, signer, resp, key)
	require.NoError(t, err)
	return der
}

func (a *authority) respond(cert *x509.Certificate, edit func(*ocsp.Response)) []byte {
	a.t.Helper()
	return respond(a.t, a, cert, a.cert, a.key, edit)
}

// delegate returns a certificate for a responder, and its key.
func (a *authority) delegate(edits ...func(*x509.Certificate)) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key := newKey(a.t)
	tmpl := caTemplate("responder", a.now, nil)
	tmpl.SerialNumber, tmpl.IsCA, tmpl.KeyUsage = a.next(), false, x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	for _, edit := range edits {
		edit(tmpl)
	}
	return certify(a.t, tmpl, a.cert, key, a.key), key
}

func status(n int) func(*ocsp.Response) {
	return func(r *ocsp.Response) {
		r.Status, r.RevokedAt, r.RevocationReason = n, r.ThisUpdate, ocsp.KeyCompromise
	}
}

// What an answer says of jane.
func TestResponses(t *testing.T) {
	root := newRoot(t, epoch)
	stranger := newRoot(t, epoch) // of the same name
	jane, bob := root.issue("jane"), root.issue("bob")
	times := func(this, next time.Duration) func(*ocsp.Response) {
		return func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = epoch.Add(this), epoch.Add(next) }
	}
	never := func(age time.Duration) func(*ocsp.Response) {
		return func(r *ocsp.Response) { r.ThisUpdate, r.NextUpdate = epoch.Add(-age), time.Time{} }
	}
	delegated := func(edits ...func(*x509.Certificate)) []byte {
		cert, key := root.delegate(edits...)
		return respond(t, root, jane, cert, key, nil)
	}
	good := root.respond(jane, nil)
	damaged := append([]byte(nil), good...)
	damaged[len(damaged)-3] ^= 1
	claimed, claimedKey := root.delegate()
	_, otherKey := root.delegate()
	strangers, strangersKey := stranger.delegate()
	twin := *root // with the same key
	twin.cert = certify(t, caTemplate("twin", epoch, nil), root.cert, root.key, root.key)
	renamed, renamedKey := twin.delegate()

	for _, row := range []struct {
		name   string
		answer []byte
		reason authn.Reason
		text   string
	}{
		{"good", good, "", ""},
		{"revoked", root.respond(jane, status(ocsp.Revoked)), authn.Revoked, "revoked on 2026-11-23T11:59:00Z, keyCompromise"},
		{"unknown", root.respond(jane, status(ocsp.Unknown)), authn.Unavailable, "the responder does not know the certificate"},
		{"expired", root.respond(jane, times(-2*time.Hour, 0)), authn.Unavailable, "stale since 2026-11-23T12:00:00Z"},
		{"expired, revoked", root.respond(jane, func(r *ocsp.Response) { status(ocsp.Revoked)(r); times(-2*time.Hour, 0)(r) }), authn.Unavailable, "stale since 2026-11-23T12:00:00Z"},
		{"of the future", root.respond(jane, times(2*time.Minute, time.Hour)), authn.Unavailable, "not valid before 2026-11-23T12:02:00Z"},
		{"of a clock that is a little ahead", root.respond(jane, times(time.Minute, time.Hour)), "", ""},
		{"without a nextUpdate", root.respond(jane, never(time.Hour)), "", ""},
		{"without a nextUpdate, old", root.respond(jane, never(61*time.Minute)), authn.Unavailable, "of 2026-11-23T10:59:00Z, without a nextUpdate"},
		{"another serial", root.respond(bob, nil), authn.Unavailable, "about another serial number"},
		{"another issuer", respond(t, stranger, jane, root.cert, root.key, func(r *ocsp.Response) { r.Certificate = nil }), authn.Unavailable, "about a certificate of another issuer"},
		{"another hash", root.respond(jane, func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), authn.Unavailable, "about a certificate of another issuer"},
		{"signed by another of that name", respond(t, root, jane, stranger.cert, stranger.key, func(r *ocsp.Response) { r.Certificate = nil }), authn.Unavailable, "not signed by the issuer or one that it names"},
		{"SHA-1", root.respond(jane, func(r *ocsp.Response) { r.SignatureAlgorithm = x509.ECDSAWithSHA1 }), authn.Unavailable, "signed with ECDSA-SHA1, which is too weak"},
		{"damaged", damaged, authn.Unavailable, "not signed by the issuer or one that it names"},
		{"cut", good[:len(good)-1], authn.Unavailable, "malformed"},
		{"more", append(append([]byte(nil), good...), 0), authn.Unavailable, "trailing data in OCSP response"},
		{"empty", nil, authn.Unavailable, "malformed"},
		{"garbage", []byte("<html>"), authn.Unavailable, "malformed"},
		{"internal error", ocsp.InternalErrorErrorResponse, authn.Unavailable, "the responder says: internal error"},
		{"try later", ocsp.TryLaterErrorResponse, authn.Unavailable, "the responder says: try later"},
		{"unauthorized", ocsp.UnauthorizedErrorResponse, authn.Unavailable, "the responder says: unauthorized"},

		{"with the issuer's certificate", respond(t, root, jane, root.cert, root.key, func(r *ocsp.Response) { r.Certificate = root.cert }), "", ""},
		{"delegated", delegated(), "", ""},
		{"delegated, and any usage of the key", delegated(func(c *x509.Certificate) { c.KeyUsage = 0 }), "", ""},
		{"delegated, not for OCSP", delegated(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), authn.Unavailable, `responder "CN=responder": its extended key usage is not OCSPSigning`},
		{"delegated, for anything", delegated(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), authn.Unavailable, `responder "CN=responder": its extended key usage is not OCSPSigning`},
		{"delegated, not to sign", delegated(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), authn.Unavailable, `responder "CN=responder": its key usage is not digitalSignature`},
		{"delegated, expired", delegated(func(c *x509.Certificate) { c.NotAfter = epoch.Add(-time.Second) }), authn.Unavailable, `responder "CN=responder": its certificate is not valid now`},
		{"delegated, not yet", delegated(func(c *x509.Certificate) { c.NotBefore = epoch.Add(time.Second) }), authn.Unavailable, `responder "CN=responder": its certificate is not valid now`},
		{"delegated by a stranger of that name", respond(t, root, jane, strangers, strangersKey, nil), authn.Unavailable, `responder "CN=responder": its certificate is not of the issuer`},
		{"delegated under another name", respond(t, root, jane, renamed, renamedKey, nil), authn.Unavailable, `responder "CN=responder": its certificate is not of the issuer`},
		{"signed by jane", respond(t, root, jane, jane, otherKey, nil), authn.Unavailable, "bad signature on embedded certificate: x509: ECDSA verification failure"},
		{"delegated, as another", respond(t, root, jane, root.cert, claimedKey, func(r *ocsp.Response) { r.Certificate = claimed }), authn.Unavailable, "the responder's id is not that of who signed"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := &server{status: http.StatusOK}
			s.serve(row.answer)
			r := newResponder(t, s, func(c *revocation.OCSPConfig) { c.Now = newClock().Now })
			_, err := r.Status(t.Context(), jane, root.cert)
			require.Equal(t, row.reason, reasonOf(err), err)
			switch row.reason {
			case authn.Revoked:
				require.EqualError(t, err, "OCSP: "+row.text)
			case authn.Unavailable:
				require.EqualError(t, err, "OCSP: "+responderURL+": "+row.text)
				require.EqualError(t, r.HealthCheck(), "OCSP: 1 of 1 certificates: "+responderURL+": "+row.text)
			default:
				require.NoError(t, r.HealthCheck())
			}
		})
	}
}

// What is asked is what RFC 6960 says, and what is answered is remembered.
func TestOCSP(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane, bob := root.issue("jane"), root.issue("bob")
		revoked := map[string]bool{}
		s.answer = func(request []byte) []byte {
			asked, err := ocsp.ParseRequest(request)
			require.NoError(t, err)
			edit := status(ocsp.Good)
			if revoked[asked.SerialNumber.String()] {
				edit = status(ocsp.Revoked)
			}
			return root.respond(&x509.Certificate{SerialNumber: asked.SerialNumber}, func(r *ocsp.Response) {
				edit(r)
				r.ThisUpdate = time.Now()
			})
		}
		r := newResponder(t, s)
		until, err := r.Status(t.Context(), jane, root.cert)
		require.NoError(t, err)
		require.Equal(t, 45*time.Minute, time.Until(until))
		mustSay(t, r, "", bob, root)
		for range 100 {
			mustSay(t, r, "", jane, root)
		}
		require.Equal(t, 2, s.requests())
		require.Zero(t, r.Generation())

		s.set(func() { revoked[jane.SerialNumber.String()] = true })
		time.Sleep(46 * time.Minute)
		mustSay(t, r, "", jane, root) // nobody waits
		require.Equal(t, 3, s.requests())
		mustSay(t, r, authn.Revoked, jane, root)
		require.EqualValues(t, 1, r.Generation())

		s.set(func() { s.down = true })
		time.Sleep(2 * time.Hour)
		mustSay(t, r, authn.Unavailable, bob, root)
		mustSay(t, r, authn.Revoked, jane, root)
		require.ErrorContains(t, r.HealthCheck(), "OCSP: 2 of 2 certificates: ")
	})
}

// An answer that is older than the last is not taken.
func TestOCSPRollBack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		jane := root.issue("jane")
		before := root.respond(jane, func(r *ocsp.Response) { r.ThisUpdate = r.ThisUpdate.Add(-time.Hour) })
		s.serve(root.respond(jane, status(ocsp.Revoked)))
		r := newResponder(t, s)
		mustSay(t, r, authn.Revoked, jane, root)
		s.serve(before)
		time.Sleep(50 * time.Minute)
		mustSay(t, r, authn.Revoked, jane, root)
		require.Equal(t, 2, s.requests())
		mustSay(t, r, authn.Revoked, jane, root)
		require.EqualError(t, r.HealthCheck(), "OCSP: 1 of 1 certificates: "+responderURL+": older than the answer that is in use")
	})
}

// What a responder can do wrong.
func TestOCSPFaults(t *testing.T) {
	read := 0
	for _, row := range []struct {
		name string
		set  func(s *server)
		text string
		took time.Duration
	}{
		{"down", func(s *server) { s.down = true }, "POST " + responderURL + ": connection refused", 0},
		{"500", func(s *server) { s.status = 500; s.give(nil) }, "POST " + responderURL + ": status 500", 0},
		{"redirect", func(s *server) { s.status, s.location = 307, "https://other.example.com/"; s.give(nil) }, "POST " + responderURL + ": status 307", 0},
		{"hangs", func(s *server) { s.delay = time.Hour }, "POST " + responderURL + ": context deadline exceeded", 5 * time.Second},
		{"slow", func(s *server) { s.body = trickle{time.Second} }, "POST " + responderURL + ": reading the answer: context deadline exceeded", 5 * time.Second},
		{"1 GiB", func(s *server) { s.body = endless{&read} }, "POST " + responderURL + ": the answer has more than 65536 bytes", 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *server) {
				root := newRoot(t, time.Now())
				jane := root.issue("jane")
				s.set(func() { row.set(s) })
				r := newResponder(t, s)
				start := time.Now()
				for range 10 {
					_, err := r.Status(t.Context(), jane, root.cert)
					require.EqualError(t, err, "OCSP: "+row.text)
				}
				require.Equal(t, row.took, time.Since(start))
				require.Equal(t, 1, s.requests())

				time.Sleep(3 * time.Second)
				good := root.respond(jane, nil)
				s.set(func() { s.status, s.delay, s.body, s.down = http.StatusOK, 0, nil, false; s.give(good) })
				mustSay(t, r, "", jane, root)
				require.NoError(t, r.HealthCheck())
			})
		})
	}
	require.Less(t, read, 1<<20)
}

// However many come with a certificate, its responder is asked once, and no more than
// 64 are asked about at a time.
func TestOCSPOneRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		s.answer = func(request []byte) []byte {
			asked, err := ocsp.ParseRequest(request)
			require.NoError(t, err)
			return root.respond(&x509.Certificate{SerialNumber: asked.SerialNumber}, nil)
		}
		s.delay = time.Second
		r := newResponder(t, s)
		jane := root.issue("jane")
		left, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer leave()
		_, err := r.Status(left, jane, root.cert)
		require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
		var wg sync.WaitGroup
		ask := func(cert *x509.Certificate) {
			wg.Go(func() {
				if _, err := r.Status(t.Context(), cert, root.cert); err != nil {
					t.Error(err)
				}
			})
		}
		for range 1000 {
			ask(jane)
		}
		wg.Wait()
		require.Equal(t, 1, s.requests())
		for i := range 200 {
			ask(&x509.Certificate{SerialNumber: big.NewInt(int64(i + 5000))})
		}
		wg.Wait()
		require.Equal(t, 201, s.requests())
		require.Equal(t, 64, s.most)
	})
}

// Answers are remembered of so many certificates.
func TestOCSPBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		s.answer = func(request []byte) []byte {
			asked, err := ocsp.ParseRequest(request)
			require.NoError(t, err)
			return root.respond(&x509.Certificate{SerialNumber: asked.SerialNumber}, nil)
		}
		r := newResponder(t, s, func(c *revocation.OCSPConfig) { c.MaxEntries = 10 })
		for i := range 1000 {
			mustSay(t, r, "", &x509.Certificate{SerialNumber: big.NewInt(int64(i))}, root)
		}
		s.set(func() { s.down = true })
		known := 0
		for i := 999; i >= 0; i-- {
			if _, err := r.Status(t.Context(), &x509.Certificate{SerialNumber: big.NewInt(int64(i))}, root.cert); err == nil {
				known++
			}
		}
		require.LessOrEqual(t, known, 10)
		require.Positive(t, known)
	})
}

// An answer that is pushed out before those who waited have seen it is none.
func TestOCSPCrowded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		s.answer = func(request []byte) []byte {
			asked, err := ocsp.ParseRequest(request)
			require.NoError(t, err)
			return root.respond(&x509.Certificate{SerialNumber: asked.SerialNumber}, status(ocsp.Revoked))
		}
		s.delay = time.Second
		r := newResponder(t, s, func(c *revocation.OCSPConfig) { c.MaxEntries = 1 })
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				if _, err := r.Status(t.Context(), &x509.Certificate{SerialNumber: big.NewInt(int64(i))}, root.cert); err == nil {
					t.Error("good")
				}
			})
		}
		wg.Wait()
	})
}

// How long an answer is used before the responder is asked again.
func TestOCSPLife(t *testing.T) {
	for _, row := range []struct {
		next   time.Duration // zero: none
		maxAge time.Duration
		want   time.Duration
	}{
		{24 * time.Hour, 0, 45 * time.Minute},
		{24 * time.Hour, 4 * time.Hour, 3 * time.Hour},
		{20 * time.Minute, 0, 15 * time.Minute},
		{0, 0, 45 * time.Second},
		{0, 40 * time.Second, 30 * time.Second},
		{24 * time.Hour, -1, 45 * time.Minute},
	} {
		s := &server{status: http.StatusOK}
		root := newRoot(t, epoch)
		jane := root.issue("jane")
		s.serve(root.respond(jane, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = epoch, epoch.Add(row.next)
			if row.next == 0 {
				r.NextUpdate = time.Time{}
			}
		}))
		r := newResponder(t, s, func(c *revocation.OCSPConfig) { c.Now, c.MaxAge = newClock().Now, row.maxAge })
		until, err := r.Status(t.Context(), jane, root.cert)
		require.NoError(t, err)
		require.Equal(t, row.want, until.Sub(epoch), row)
	}
}

// The certificates' own responders are asked, on the hosts allowed, one after the
// other.
func TestOCSPHosts(t *testing.T) {
	for _, row := range []struct {
		urls  []string
		asked []string
		text  string
	}{
		{[]string{"http://ocsp.example.com/"}, []string{"http://ocsp.example.com/"}, ""},
		{[]string{"http://ocsp.example.com/", "http://ocsp.example.com/2"}, []string{"http://ocsp.example.com/"}, ""},
		{[]string{"http://evil.test/", "http://ocsp.example.com/"}, []string{"http://ocsp.example.com/"}, ""},
		{nil, nil, "the certificate names no responder"},
		{[]string{"http://evil.test/"}, nil, "http://evil.test/: the host is not among those allowed"},
	} {
		t.Run(fmt.Sprint(row.urls), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *server) {
				root := newRoot(t, time.Now())
				jane := root.issue("jane", func(c *x509.Certificate) { c.OCSPServer = row.urls })
				s.serve(root.respond(jane, nil))
				r := newResponder(t, s, func(c *revocation.OCSPConfig) { c.URL, c.Hosts, c.HTTP = "", []string{"ocsp.example.com"}, true })
				_, err := r.Status(t.Context(), jane, root.cert)
				if row.text == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, "OCSP: "+row.text)
				}
				s.requests()
				require.Equal(t, row.asked, s.asked)
			})
		})
	}
}

// The request is one that a strict responder takes.
func TestOCSPRequest(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		require.Equal(t, http.MethodPost, r.Method)
		require.Equal(t, "application/ocsp-request", r.Header.Get("Content-Type"))
		require.Equal(t, "application/ocsp-response", r.Header.Get("Accept"))
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		want, err := ocsp.CreateRequest(jane, root.cert, nil)
		require.NoError(t, err)
		require.Equal(t, want, body)
		return nil, errDown
	})}
	r, err := revocation.OCSP(revocation.OCSPConfig{URL: responderURL, Client: client})
	require.NoError(t, err)
	_, err = r.Status(t.Context(), jane, root.cert)
	require.EqualError(t, err, "OCSP: POST "+responderURL+": connection refused")
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNewOCSP(t *testing.T) {
	for _, row := range []struct {
		config revocation.OCSPConfig
		text   string
	}{
		{revocation.OCSPConfig{}, "hosts: at least one is required, since the URLs come out of certificates"},
		{revocation.OCSPConfig{URL: responderURL, Hosts: []string{"a"}}, "either a URL or hosts, not both"},
		{revocation.OCSPConfig{URL: "http://ocsp.example.com"}, `URL "http://ocsp.example.com": must be https`},
		{revocation.OCSPConfig{Hosts: []string{"http://a"}}, `hosts: "http://a" is no host`},
	} {
		_, err := revocation.OCSP(row.config)
		require.EqualError(t, err, "revocation: OCSP: "+row.text)
	}
}
