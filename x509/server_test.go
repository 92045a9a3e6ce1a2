package x509_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// said is what a server's authenticator said of a request, and how it came in.
type said struct {
	text       string // the user's name, the error, or "not mine"
	resumed    bool
	connection string
	proto      string
}

// server serves over TLS with x509.TLSConfig and asks a about each request.
type server struct {
	*httptest.Server
	handled atomic.Int32
}

func serve(t *testing.T, a *x509.Authenticator) *server {
	t.Helper()
	return serveTLS(t, a, x509.TLSConfig(), "HTTP/1.1")
}

func serveTLS(t *testing.T, a *x509.Authenticator, c *tls.Config, proto string) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.handled.Add(1)
		w.Header().Set("Resumed", strconv.FormatBool(r.TLS.DidResume))
		w.Header().Set("Connection-From", r.RemoteAddr)
		text := "not mine"
		if resp, ok, err := a.AuthenticateRequest(r); err != nil {
			text = err.Error()
		} else if ok {
			text = resp.User.GetName()
		}
		_, _ = io.WriteString(w, text)
	}))
	s.TLS, s.EnableHTTP2 = c, proto == "HTTP/2.0"
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// connect returns a client that keeps sessions, and shows cert if there is one.
func (s *server) connect(t *testing.T, version uint16, cert *tls.Certificate) *http.Client {
	t.Helper()
	c := s.Client().Transport.(*http.Transport).Clone()
	c.TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	c.TLSClientConfig.MinVersion, c.TLSClientConfig.MaxVersion = version, version
	if cert != nil {
		c.TLSClientConfig.Certificates = []tls.Certificate{*cert}
	}
	t.Cleanup(c.CloseIdleConnections)
	return &http.Client{Transport: c}
}

func (s *server) ask(t *testing.T, c *http.Client) said {
	t.Helper()
	res, err := c.Get(s.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return said{string(body), res.Header.Get("Resumed") == "true", res.Header.Get("Connection-From"), res.Proto}
}

var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

func TestTLSConfig(t *testing.T) {
	ca := authntest.NewCA(t)
	stranger := authntest.NewCA(t).Intermediate("a")
	s := serve(t, x509.New(ca.Roots()))
	tests := []struct {
		name string
		cert *tls.Certificate
		want string
	}{
		{"none", nil, "not mine"},
		{"good", issue(ca), "ann"},
		{"good, with its chain", issue(ca.Intermediate("a").Intermediate("b")), "ann"},
		{"another authority's", issue(stranger), of("CN=ann", "CN=a") + "certificate signed by unknown authority"},
		{"for servers", issue(ca.Intermediate("a"), usages(stdx509.ExtKeyUsageServerAuth)), of("CN=ann", "CN=a") + "certificate specifies an incompatible key usage"},
	}
	for _, tt := range tests {
		for name, version := range versions {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				require.Equal(t, tt.want, s.ask(t, s.connect(t, version, tt.cert)).text)
			})
		}
	}
	require.NotSame(t, x509.TLSConfig(), x509.TLSConfig(), "a caller may change it")
	require.Equal(t, uint16(tls.VersionTLS12), x509.TLSConfig().MinVersion)
}

// A certificate is public. Who shows one without having its key gets no further
// than the handshake, which is why an Authenticator need not look at the key.
func TestCertificateWithoutKey(t *testing.T) {
	ca := authntest.NewCA(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			s := serve(t, x509.New(ca.Roots()))
			stolen := *issue(ca)
			stolen.PrivateKey = p256(t)
			_, err := s.connect(t, version, &stolen).Get(s.URL)
			require.ErrorContains(t, err, "remote error: tls: ")
			require.Zero(t, s.handled.Load())
		})
	}
}

// A removed authority counts on the next request, on the connection that is open
// and on a new one with the old session; so does one that comes back.
func TestLiveAndResumed(t *testing.T) {
	ca, other := authntest.NewCA(t), authntest.NewCA(t)
	no := of("CN=ann", "CN="+ca.Certificate().Subject.CommonName) + "certificate signed by unknown authority"
	for name, version := range versions {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(name+"/"+proto, func(t *testing.T) {
				f := newRootsFile(t, string(ca.PEM()))
				s := serveTLS(t, f.auth, x509.TLSConfig(), proto)
				c := s.connect(t, version, issue(ca))
				first := s.ask(t, c)
				require.Equal(t, said{"ann", false, first.connection, proto}, first)
				require.Equal(t, first, s.ask(t, c))

				c.CloseIdleConnections()
				second := s.ask(t, c)
				require.NotEqual(t, first.connection, second.connection)
				require.Equal(t, said{"ann", true, second.connection, proto}, second)

				f.write(t, string(other.PEM()))
				require.Equal(t, said{no, true, second.connection, proto}, s.ask(t, c))
				c.CloseIdleConnections()
				third := s.ask(t, c)
				require.NotEqual(t, second.connection, third.connection)
				require.Equal(t, said{no, true, third.connection, proto}, third)

				f.write(t, string(ca.PEM()))
				require.Equal(t, said{"ann", true, third.connection, proto}, s.ask(t, c))
			})
		}
	}
}

// A certificate that ends while its connection is open, or its session kept, is
// no good any more.
func TestLiveAndResumedExpiry(t *testing.T) {
	ca := authntest.NewCA(t)
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			var later atomic.Int64
			a := x509.New(ca.Roots())
			a.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
			s := serve(t, a)
			c := s.connect(t, version, issue(ca))
			first := s.ask(t, c)
			require.Equal(t, "ann", first.text)

			later.Store(int64(48 * time.Hour))
			expired := of("CN=ann", "CN="+ca.Certificate().Subject.CommonName) + "certificate has expired or is not yet valid: current time "
			live := s.ask(t, c)
			require.Equal(t, first.connection, live.connection)
			require.True(t, strings.HasPrefix(live.text, expired), live.text)
			c.CloseIdleConnections()
			resumed := s.ask(t, c)
			require.True(t, resumed.resumed)
			require.True(t, strings.HasPrefix(resumed.text, expired), resumed.text)
		})
	}
}
