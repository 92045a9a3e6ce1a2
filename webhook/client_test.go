package webhook_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/webhook"
)

// demanding is a reviewer that answers who shows it what it wants, over one version of
// HTTP.
type demanding struct {
	*httptest.Server
	ca      *authntest.CA
	asked   atomic.Int32
	version int // of HTTP; the major one
}

func newDemanding(t *testing.T, version int, wants func(*http.Request) error) *demanding {
	d := &demanding{ca: authntest.NewCA(t), version: version}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		if r.ProtoMajor != version {
			http.Error(w, r.Proto, http.StatusHTTPVersionNotSupported)
			return
		}
		if err := wants(r); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, wrapped(`{"username":"ann"}`))
	}))
	d.EnableHTTP2 = version == 2
	d.TLS = &tls.Config{Certificates: []tls.Certificate{*d.ca.IssueServer([]string{"127.0.0.1"})}, ClientCAs: d.ca.Roots(), ClientAuth: tls.VerifyClientCertIfGiven}
	d.Config.ErrorLog = log.New(io.Discard, "", 0)
	d.StartTLS()
	t.Cleanup(d.Close)
	return d
}

// transport trusts the reviewer.
func (d *demanding) transport(t *testing.T, certificates ...tls.Certificate) *http.Transport {
	tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: d.ca.Roots(), Certificates: certificates}, ForceAttemptHTTP2: d.version == 2}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

func (d *demanding) asks(t *testing.T, transport http.RoundTripper) *webhook.Authenticator {
	a, err := webhook.New(webhook.Config{URL: d.URL + "/review"}, &webhook.Options{Client: &http.Client{Transport: transport}})
	require.NoError(t, err)
	return a
}

// The credentials of whoever asks are those of the client that is given: a certificate.
func TestClientCertificate(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			d := newDemanding(t, version, func(r *http.Request) error {
				if len(r.TLS.VerifiedChains) == 0 || r.TLS.PeerCertificates[0].Subject.CommonName != "api-server" {
					return fmt.Errorf("who are you?")
				}
				return nil
			})
			a := d.asks(t, d.transport(t, *d.ca.Issue("api-server", nil)))
			for range 3 {
				_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
			}
			nobody := d.asks(t, d.transport(t))
			require.Equal(t, "webhook: POST "+d.URL+"/review: status 401", failed(t, nobody, "abc-123", authn.Unavailable))
			require.Equal(t, int32(4), d.asked.Load())
		})
	}
}

// A reviewer that does not even talk to who has no certificate is not asked again. (With
// TLS 1.3, the client may have sent its request before it is told so, and see no more
// than that the connection is gone.)
func TestClientCertificateRequired(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			d := newDemanding(t, version, func(*http.Request) error { return nil })
			handshakes := atomic.Int32{}
			d.TLS.ClientAuth, d.TLS.MaxVersion = tls.RequireAndVerifyClientCert, tls.VersionTLS12
			strict := d.TLS.Clone()
			d.TLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
				handshakes.Add(1)
				return strict, nil
			}
			text := failed(t, d.asks(t, d.transport(t)), "abc-123", authn.Unavailable)
			require.Equal(t, "webhook: POST "+d.URL+"/review: remote error: tls: handshake failure", text)
			require.Equal(t, int32(1), handshakes.Load())
			require.Zero(t, d.asked.Load())
		})
	}
}

// bearing sets a credential, in the request that it is given: it should not, but many do.
type bearing struct {
	http.RoundTripper
	token string
}

func (b bearing) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+b.token)
	r.Header.Add("Accept", "*/*")
	r.URL.RawQuery += "by=" + b.token
	return b.RoundTripper.RoundTrip(r)
}

// … or a header.
func TestClientBearerToken(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			d := newDemanding(t, version, func(r *http.Request) error {
				if r.Header.Get("Authorization") != "Bearer own-credential" || r.URL.RawQuery != "by=own-credential" {
					return fmt.Errorf("who are you?")
				}
				if accept := r.Header.Values("Accept"); len(accept) != 2 {
					return fmt.Errorf("%q", accept)
				}
				return nil
			})
			plain := d.transport(t)
			a := d.asks(t, bearing{plain, "own-credential"})
			for range 3 {
				_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
			}
			for _, transport := range []http.RoundTripper{plain, bearing{plain, "another"}} {
				text := failed(t, d.asks(t, transport), "abc-123", authn.Unavailable)
				require.True(t, strings.HasSuffix(text, "status 401"), text)
			}
			require.Equal(t, int32(5), d.asked.Load())
		})
	}
}

// A connection that the reviewer has closed meanwhile costs nothing.
func TestConnectionsThatWereClosed(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprint("HTTP/", version), func(t *testing.T) {
			d := newDemanding(t, version, func(*http.Request) error { return nil })
			a := d.asks(t, d.transport(t))
			for range 10 {
				_, ok, err := a.AuthenticateToken(t.Context(), "abc-123")
				require.NoError(t, err)
				require.True(t, ok)
				d.CloseClientConnections()
			}
		})
	}
}
