package authntest

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
)

// Request returns a GET of target as a server sees it that was reached over TLS;
// "" is "/". The client has shown the chain of the first of certs, or no
// certificate when there is none; further ones are ignored. As on a server that
// asks for certificates without judging them (tls.RequestClientCert), the chain is
// in r.TLS.PeerCertificates and nobody has verified it.
//
// Like [httptest.NewRequest] it panics when target is no URL, and when the chain
// is no certificates.
func Request(target string, certs ...*tls.Certificate) *http.Request {
	if target == "" {
		target = "/"
	}
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, HandshakeComplete: true, ServerName: r.Host}
	if len(certs) > 0 && certs[0] != nil {
		r.TLS.PeerCertificates = parseChain(certs[0].Certificate)
	}
	return r
}

func parseChain(chain [][]byte) []*x509.Certificate {
	var out []*x509.Certificate
	for _, der := range chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			panic("authntest: " + err.Error())
		}
		out = append(out, cert)
	}
	return out
}

// Bearer returns a copy of r that carries token (RFC 6750, section 2.1).
func Bearer(r *http.Request, token string) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// User returns a user called name in groups.
func User(name string, groups ...string) user.Info {
	return &user.DefaultInfo{Name: name, Groups: groups}
}

// As returns an authenticator that accepts every request as u, whatever it
// carries. A nil u finds no credential in any.
func As(u user.Info) authenticator.Request {
	return authenticator.RequestFunc(func(*http.Request) (*authenticator.Response, bool, error) {
		if u == nil {
			return nil, false, nil
		}
		return &authenticator.Response{User: u}, true, nil
	})
}
