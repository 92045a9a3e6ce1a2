package frontproxy_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

// Good headers of a proxy, and those that name nobody.
func TestUsers(t *testing.T) {
	w := newWorld(t)
	one, more := w.authenticator(t), w.authenticator(t, two)
	tests := []struct {
		name    string
		auth    *frontproxy.Authenticator
		headers []string
		want    string
	}{
		{"a name", one, []string{"X-Remote-User: ann"}, "ann"},
		{"all of it", one, []string{"X-Remote-User: ann", "X-Remote-Uid: 7", "X-Remote-Group: a", "X-Remote-Group: b", "X-Remote-Extra-Team: x", "X-Remote-Extra-Team: y"}, `ann uid=7 groups=["a" "b"] team=["x" "y"]`},
		{"the system's names", one, []string{"X-Remote-User: system:admin", "X-Remote-Group: system:masters"}, `system:admin groups=["system:masters"]`},
		{"other letters", one, []string{"X-Remote-User: Ängström 安", "X-Remote-Group: é"}, `Ängström 安 groups=["é"]`},
		{"commas are no lists", one, []string{"X-Remote-User: ann, bob", "X-Remote-Group: a, b"}, `ann, bob groups=["a, b"]`},
		{"groups twice", one, []string{"X-Remote-User: ann", "X-Remote-Group: a", "X-Remote-Group: a"}, `ann groups=["a" "a"]`},
		{"empty groups", one, []string{"X-Remote-User: ann", "X-Remote-Group: ", "X-Remote-Group: a", "X-Remote-Group: "}, `ann groups=["a"]`},
		{"an empty uid", one, []string{"X-Remote-User: ann", "X-Remote-Uid: "}, "ann"},
		{"no name", one, []string{"X-Remote-Uid: 7", "X-Remote-Group: a", "X-Remote-Extra-Team: x"}, "not mine"},
		{"an empty name", one, []string{"X-Remote-User: ", "X-Remote-Group: a"}, "not mine"},
		{"no headers", one, nil, "not mine"},
		{"others' headers", one, []string{"X-Forwarded-User: ann", "X-Remote-Users: ann", "X-Remote: ann", "Connection: keep-alive, Upgrade"}, "not mine"},
		{"keys in capitals", one, []string{"X-Remote-User: ann", "X-Remote-Extra-EXAMPLE.com: x"}, `ann example.com=["x"]`},
		{"keys encoded", one, []string{"X-Remote-User: ann", "X-Remote-Extra-Example.com%2fA%2Fb: x"}, `ann example.com/a/b=["x"]`},
		{"keys decoded once", one, []string{"X-Remote-User: ann", "X-Remote-Extra-A%252fb: x"}, `ann a%2fb=["x"]`},
		{"plus is no blank", one, []string{"X-Remote-User: ann", "X-Remote-Extra-A+b: x"}, `ann a+b=["x"]`},
		{"the prefix in another case", one, []string{"X-Remote-User: ann", "X-REMOTE-EXTRA-a: x"}, `ann a=["x"]`},
		{"empty values", one, []string{"X-Remote-User: ann", "X-Remote-Extra-A: ", "X-Remote-Extra-A: x"}, `ann a=["" "x"]`},
		{"the user's credential", one, []string{"X-Remote-User: ann", "X-Remote-Extra-Authentication.kubernetes.io%2fcredential-Id: JTI=7"}, `ann authentication.kubernetes.io/credential-id=["JTI=7"]`},
		{"second headers", more, []string{"X-Forwarded-User: ann", "X-Forwarded-Uid: 7", "X-Forwarded-Group: a", "X-Forwarded-Extra-Team: x"}, `ann uid=7 groups=["a"] team=["x"]`},
		{"the first is empty", more, []string{"X-Remote-User: ", "X-Forwarded-User: ann"}, "ann"},
		{"both the same", more, []string{"X-Remote-User: ann", "X-Forwarded-User: ann", "X-Remote-Uid: 7", "X-Forwarded-Uid: 7"}, "ann uid=7"},
		{"groups in the order of the headers", more, []string{"X-Forwarded-Group: b", "X-Remote-Group: a", "X-Remote-User: ann"}, `ann groups=["a" "b"]`},
		{"extra of both", more, []string{"X-Remote-User: ann", "X-Remote-Extra-A: x", "X-Forwarded-Extra-B: y"}, `ann a=["x"] b=["y"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(w.proxy, tt.headers...)
			before := r.Header.Clone()
			require.Equal(t, tt.want, ask(tt.auth, r))
			require.Equal(t, before, r.Header)
		})
	}
}

// Headers of a proxy that are refused.
func TestRefusedHeaders(t *testing.T) {
	w := newWorld(t)
	one, more := w.authenticator(t), w.authenticator(t, two)
	tests := []struct {
		name   string
		auth   *frontproxy.Authenticator
		header string // beside X-Remote-User: ann
		reason authn.Reason
		text   string
	}{
		{"two names", one, "X-Remote-User: root", authn.Malformed, "X-Remote-User: there 2 times"},
		{"a name twice", one, "X-Remote-User: ann", authn.Malformed, "X-Remote-User: there 2 times"},
		{"a name and an empty one", one, "X-Remote-User: ", authn.Malformed, "X-Remote-User: there 2 times"},
		{"two headers", more, "X-Forwarded-User: root", authn.Malformed, "X-Remote-User and X-Forwarded-User: they differ"},
		{"underscores", one, "X_Remote_User: root", authn.Malformed, "X_Remote_User: another spelling of a header that names users"},
		{"dots", one, "X.Remote.Group: a", authn.Malformed, "X.Remote.Group: another spelling of a header that names users"},
		{"one of the second name", more, "X-Forwarded_Uid: 7", authn.Malformed, "X-Forwarded_Uid: another spelling of a header that names users"},
		{"no canonical name", one, "x-remote-uid: 7", authn.Malformed, "x-remote-uid: another spelling of a header that names users"},
		{"a prefix", one, "X-Remote_Extra-Team: x", authn.Malformed, "X-Remote_Extra-Team: another spelling of a header that names users"},
		{"the end of a prefix", one, "X-Remote-Extra_Team: x", authn.Malformed, "X-Remote-Extra_Team: another spelling of a header that names users"},
		{"Connection", one, "Connection: close, X-Remote-Group", authn.Malformed, "Connection: X-Remote-Group names users, and is not for one connection alone"},
		{"Connection, otherwise", one, "Connection: x_remote_extra_team\t", authn.Malformed, "Connection: x_remote_extra_team names users, and is not for one connection alone"},
		{"invalid escape", one, "X-Remote-Extra-A%2: x", authn.Malformed, "X-Remote-Extra-A%2: what follows the prefix is no %-encoded key in lower case"},
		{"invalid escape, twice", one, "X-Remote-Extra-A%zz: x", authn.Malformed, "X-Remote-Extra-A%zz: what follows the prefix is no %-encoded key in lower case"},
		{"a capital letter in it", one, "X-Remote-Extra-A%42: x", authn.Malformed, "X-Remote-Extra-A%42: what follows the prefix is no %-encoded key in lower case"},
		{"a blank in it", one, "X-Remote-Extra- A: x", authn.Malformed, "X-Remote-Extra- A: what follows the prefix is no %-encoded key in lower case"},
		{"no key", one, "X-Remote-Extra-: x", authn.Malformed, "X-Remote-Extra-: what follows the prefix is no %-encoded key in lower case"},
		{"control character in a uid", one, "X-Remote-Uid: 7\t8", authn.InvalidUser, "X-Remote-Uid: a control character in it"},
		{"in a group", one, "X-Remote-Group: a\u0085b", authn.InvalidUser, "X-Remote-Group: a control character in it"},
		{"in an attribute", one, "X-Remote-Extra-A: a\x00", authn.InvalidUser, "X-Remote-Extra-A: a control character in it"},
		{"in a key", one, "X-Remote-Extra-A%0a: a", authn.InvalidUser, "the key of X-Remote-Extra-A%0a: a control character in it"},
		{"a uid that is not UTF-8", one, "X-Remote-Uid: \xff", authn.InvalidUser, "X-Remote-Uid: not valid UTF-8"},
		{"a group", one, "X-Remote-Group: \xc3", authn.InvalidUser, "X-Remote-Group: not valid UTF-8"},
		{"an attribute", one, "X-Remote-Extra-A: \xff", authn.InvalidUser, "X-Remote-Extra-A: not valid UTF-8"},
		{"a key", one, "X-Remote-Extra-A%ff: a", authn.InvalidUser, "the key of X-Remote-Extra-A%ff: not valid UTF-8"},
		{"a blank before", one, "X-Remote-Group:  a", authn.Malformed, "X-Remote-Group: blanks around its value"},
		{"a blank after", one, "X-Remote-Extra-A: a ", authn.Malformed, "X-Remote-Extra-A: blanks around its value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(w.proxy, "X-Remote-User: ann", tt.header)
			before := r.Header.Clone()
			resp, ok, err := tt.auth.AuthenticateRequest(r)
			require.EqualError(t, err, "frontproxy: "+tt.text)
			require.Equal(t, tt.reason, authn.ReasonOf(err))
			require.False(t, ok)
			require.Nil(t, resp)
			require.Equal(t, before, r.Header)
		})
	}
}

// The same without a good name beside it, or with two of it.
func TestRefusedHeadersAlone(t *testing.T) {
	w := newWorld(t)
	one, more := w.authenticator(t), w.authenticator(t, two)
	tests := []struct {
		name    string
		auth    *frontproxy.Authenticator
		headers []string
		want    string
	}{
		{"another spelling", one, []string{"X_Remote_User: root"}, "X_Remote_User: another spelling of a header that names users"},
		{"of several the first", one, []string{"x.remote.user: a", "X.remote.user: b", "X_Remote_User: c"}, "X.remote.user: another spelling of a header that names users"},
		{"Connection", one, []string{"Connection: X-Remote-User"}, "Connection: X-Remote-User names users, and is not for one connection alone"},
		{"control character", one, []string{"X-Remote-User: ann\troot"}, "X-Remote-User: a control character in it"},
		{"not UTF-8", one, []string{"X-Remote-User: \xff"}, "X-Remote-User: not valid UTF-8"},
		{"blank", one, []string{"X-Remote-User:  ann"}, "X-Remote-User: blanks around its value"},
		{"blanks alone", one, []string{"X-Remote-User:  "}, "X-Remote-User: blanks around its value"},
		{"two empty names", one, []string{"X-Remote-User: ", "X-Remote-User: ann"}, "X-Remote-User: there 2 times"},
		{"two uids", one, []string{"X-Remote-User: ann", "X-Remote-Uid: 7", "X-Remote-Uid: 8"}, "X-Remote-Uid: there 2 times"},
		{"uids that differ", more, []string{"X-Remote-User: ann", "X-Forwarded-Uid: 8", "X-Remote-Uid: 7"}, "X-Remote-Uid and X-Forwarded-Uid: they differ"},
		{"one key by two names", one, []string{"X-Remote-User: ann", "X-Remote-Extra-A%2fb: x", "X-Remote-Extra-A%2Fb: y"}, "X-Remote-Extra-A%2fb: another header has the same key"},
		{"one key, with and without an escape", one, []string{"X-Remote-User: ann", "X-Remote-Extra-%61: x", "X-Remote-Extra-A: y"}, "X-Remote-Extra-A: another header has the same key"},
		{"one key by two prefixes", more, []string{"X-Remote-User: ann", "X-Forwarded-Extra-A: x", "X-Remote-Extra-A: y"}, "X-Remote-Extra-A: another header has the same key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, "frontproxy: "+tt.want, ask(tt.auth, request(w.proxy, tt.headers...)))
		})
	}
}

// Who is no proxy is refused, whatever the headers.
func TestCertificates(t *testing.T) {
	w := newWorld(t)
	of := func(subject, issuer string) string {
		return `x509: certificate of "` + subject + `", serial 2a, issued by "CN=` + issuer + `": `
	}
	anotherName := func(c *stdx509.Certificate) {
		c.Subject.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "front-proxy"}, {Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "front-proxy"}}
	}
	serverUse := func(c *stdx509.Certificate) { c.ExtKeyUsage = []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth} }
	tests := []struct {
		name   string
		cert   *tls.Certificate
		reason authn.Reason
		text   string
	}{
		{"jane", w.jane, authn.UntrustedCertificate, `certificate of "jane": that is no proxy's name`},
		{"another proxy's name", issue(w.proxyCA, "front-proxy-3", nil), authn.UntrustedCertificate, `certificate of "front-proxy-3": that is no proxy's name`},
		{"in capitals", issue(w.proxyCA, "Front-Proxy", nil), authn.UntrustedCertificate, `certificate of "Front-Proxy": that is no proxy's name`},
		{"no name", issue(w.proxyCA, "", []string{"front-proxy"}), authn.UntrustedCertificate, `certificate of "": that is no proxy's name`},
		{"a proxy's name and another", issue(w.proxyCA, "front-proxy", nil, anotherName), authn.InvalidUser, of("CN=front-proxy", "proxies") + "subject: more than one common name"},
		{"the name of another authority", issue(w.clientCA, "front-proxy", nil), authn.UntrustedCertificate, of("CN=front-proxy", "clients") + "certificate signed by unknown authority"},
		{"a server's", issue(w.proxyCA, "front-proxy", nil, serverUse), authn.UntrustedCertificate, of("CN=front-proxy", "proxies") + "certificate specifies an incompatible key usage"},
		{"a CA's", issue(w.proxyCA, "front-proxy", nil, func(c *stdx509.Certificate) { c.IsCA = true }), authn.UntrustedCertificate, of("CN=front-proxy", "proxies") + "a CA certificate is no client's"},
		{"a name with a line feed", issue(w.proxyCA, "front-proxy\n", nil), authn.UntrustedCertificate, `certificate of "front-proxy\n": that is no proxy's name`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, headers := range [][]string{nil, {"X-Remote-User: root"}, {"X_Remote_User: root", "Connection: X-Remote-User"}} {
				_, ok, err := w.authenticator(t).AuthenticateRequest(request(tt.cert, headers...))
				require.EqualError(t, err, "frontproxy: "+tt.text)
				require.Equal(t, tt.reason, authn.ReasonOf(err))
				require.False(t, ok)
			}
		})
	}
	for _, name := range []string{"front-proxy", "front-proxy-2"} {
		require.Equal(t, "ann", ask(w.authenticator(t), request(issue(w.proxyCA, name, nil), "X-Remote-User: ann")))
	}
}

func TestTime(t *testing.T) {
	w := newWorld(t)
	for when, reason := range map[time.Duration]authn.Reason{-48 * time.Hour: authn.NotYetValid, 0: "", 48 * time.Hour: authn.Expired} {
		a := w.authenticator(t, func(c *frontproxy.Config) { c.Proxies.Now = func() time.Time { return time.Now().Add(when) } })
		_, _, err := a.AuthenticateRequest(request(w.proxy, "X-Remote-User: ann"))
		require.Equal(t, reason, authn.ReasonOf(err))
	}
}

func TestNoCertificate(t *testing.T) {
	a := newWorld(t).authenticator(t)
	plain := request(nil, "X-Remote-User: root")
	plain.TLS = nil
	for _, r := range []*http.Request{plain, request(nil, "X-Remote-User: root"), request(nil, "X_Remote_User: root"), request(nil)} {
		require.Equal(t, "not mine", ask(a, r))
	}
}

// Roots that are not known now make a good proxy neither bad nor nobody.
func TestUnavailable(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t, func(c *frontproxy.Config) {
		c.Proxies = &x509.Authenticator{Roots: func() (*stdx509.CertPool, error) { return nil, errors.New("down") }}
	})
	_, ok, err := a.AuthenticateRequest(request(w.proxy, "X-Remote-User: ann"))
	require.EqualError(t, err, "frontproxy: x509: roots: down")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	require.False(t, ok)
}

// A proxy is known by whatever its certificate is mapped to.
func TestProxiesByAnotherName(t *testing.T) {
	w := newWorld(t)
	byDNS := func(chain []*stdx509.Certificate) (*authenticator.Response, bool, error) {
		if len(chain[0].DNSNames) == 0 {
			return nil, false, nil
		}
		return &authenticator.Response{User: &user.DefaultInfo{Name: chain[0].DNSNames[0]}}, true, nil
	}
	a := w.authenticator(t, func(c *frontproxy.Config) { c.Proxies.User, c.Names = byDNS, []string{"proxy.example.com"} })
	of := func(ca *authntest.CA, names ...string) *tls.Certificate {
		return issue(ca, "front-proxy", nil, func(c *stdx509.Certificate) { c.DNSNames = names })
	}
	const stranger = `frontproxy: x509: certificate of "CN=front-proxy", serial 2a, issued by "CN=clients": certificate signed by unknown authority`
	for want, cert := range map[string]*tls.Certificate{
		"ann": of(w.proxyCA, "proxy.example.com"),
		`frontproxy: certificate of "other.example.com": that is no proxy's name`: of(w.proxyCA, "other.example.com"),
		"frontproxy: the certificate has no name":                                 of(w.proxyCA),
		stranger: of(w.clientCA, "proxy.example.com"),
	} {
		require.Equal(t, want, ask(a, request(cert, "X-Remote-User: ann")))
	}
}

// What a handler does to its user is nothing to the request, nor does the user end
// when the proxy's certificate does.
func TestUserIsItsOwn(t *testing.T) {
	w := newWorld(t)
	r := request(w.proxy, "X-Remote-User: ann", "X-Remote-Group: a", "X-Remote-Extra-Team: x")
	before := r.Header.Clone()
	resp, _, err := w.authenticator(t).AuthenticateRequest(r)
	require.NoError(t, err)
	resp.User.GetGroups()[0] = "system:masters"
	resp.User.GetExtra()["team"][0] = "y"
	require.Equal(t, before, r.Header)
	require.Nil(t, resp.Audiences)
	_, ends := authn.ExpiryOf(resp.User)
	require.False(t, ends)
	require.NotContains(t, resp.User.GetExtra(), user.CredentialIDKey, "the proxy's certificate is not the user's credential")
}

func TestTrace(t *testing.T) {
	w := newWorld(t)
	a := w.authenticator(t)
	tests := []struct {
		name string
		r    *http.Request
		link authn.Link
	}{
		{"no certificate", request(nil), authn.Link{Verdict: authn.VerdictNotMine, Detail: "no client certificate"}},
		{"no user", request(w.proxy), authn.Link{Verdict: authn.VerdictNotMine, Detail: "the proxy names no user"}},
		{"user", request(w.proxy, "X-Remote-User: ann"), authn.Link{Verdict: authn.VerdictAccepted, User: "ann"}},
		{"refused", request(w.proxy, "X_Remote_User: ann"), authn.Link{Verdict: authn.VerdictRefused, Reason: authn.Malformed, Detail: "X_Remote_User: another spelling of a header that names users"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			links := authn.Explain(a, tt.r).Result().Links
			require.Len(t, links, 1)
			require.Equal(t, "frontproxy", links[0].Name)
			got := authn.Link{Verdict: links[0].Verdict, Reason: links[0].Reason, User: links[0].User, Detail: links[0].Detail}
			require.Equal(t, tt.link, got)
		})
	}
	asked := authn.Explain(a, request(w.proxy, "X-Remote-User: ann")).Result().Links[0].Links
	require.Equal(t, "front-proxy", asked[0].User)
	require.Equal(t, "x509", asked[0].Name)
}
