package frontproxy_test

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/union"
	"github.com/authnchain/authnchain/x509"
	"github.com/authnchain/authnchain/x509/frontproxy"
)

// world has an authority for proxies and one for other clients.
type world struct {
	proxyCA, clientCA *authntest.CA
	proxy, jane       *tls.Certificate
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{proxyCA: authntest.NewCA(t).Intermediate("proxies"), clientCA: authntest.NewCA(t).Intermediate("clients")}
	w.proxy = issue(w.proxyCA, "front-proxy", []string{"system:masters"})
	w.jane = issue(w.clientCA, "jane", []string{"engineering"})
	return w
}

// issue returns a certificate with the serial number 2a, which error texts repeat.
func issue(ca *authntest.CA, name string, groups []string, edits ...func(*stdx509.Certificate)) *tls.Certificate {
	return ca.Issue(name, groups, append(edits, func(c *stdx509.Certificate) { c.SerialNumber = big.NewInt(0x2a) })...)
}

// authenticator returns one of the world's proxies, after an edit.
func (w *world) authenticator(t testing.TB, edits ...func(*frontproxy.Config)) *frontproxy.Authenticator {
	t.Helper()
	c := frontproxy.Config{Proxies: x509.New(w.proxyCA.Roots()), Names: []string{"front-proxy", "front-proxy-2"}}
	for _, edit := range edits {
		edit(&c)
	}
	a, err := frontproxy.New(c)
	require.NoError(t, err)
	return a
}

// two has two names for each header.
func two(c *frontproxy.Config) {
	c.UserHeaders = []string{"X-Remote-User", "x-forwarded-user"}
	c.UIDHeaders = []string{"X-Remote-Uid", "X-Forwarded-Uid"}
	c.GroupHeaders = []string{"X-Remote-Group", "X-Forwarded-Group"}
	c.ExtraPrefixes = []string{"X-Remote-Extra-", "X-Forwarded-Extra-"}
}

// request is one with the headers "Name: value", by their names as they are.
func request(cert *tls.Certificate, headers ...string) *http.Request {
	r := authntest.Request("/", cert)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	return r
}

// ask returns the user in words, the error's text, or "not mine".
func ask(auth authenticator.Request, r *http.Request) string {
	resp, ok, err := auth.AuthenticateRequest(r)
	switch {
	case err != nil:
		return err.Error()
	case !ok:
		return "not mine"
	}
	return words(resp.User)
}

func isEverybody(group string) bool { return group == user.AllAuthenticated }

// words are what there is to know of a user, but for the group that a middleware
// adds and the digest of a certificate.
func words(u user.Info) string {
	text := u.GetName()
	if u.GetUID() != "" {
		text += " uid=" + u.GetUID()
	}
	if groups := slices.DeleteFunc(slices.Clone(u.GetGroups()), isEverybody); len(groups) > 0 {
		text += fmt.Sprintf(" groups=%q", groups)
	}
	for _, key := range slices.Sorted(maps.Keys(u.GetExtra())) {
		if key != user.CredentialIDKey || !strings.HasPrefix(u.GetExtra()[key][0], "X509SHA256=") {
			text += fmt.Sprintf(" %s=%q", key, u.GetExtra()[key])
		}
	}
	return text
}

// said is what the authenticator of proxies had against a request, or that it had
// nothing.
func said(err error) string {
	errs := []error{err}
	if refusals := new(union.Error); errors.As(err, &refusals) {
		errs = refusals.Errors
	}
	for _, err := range errs {
		if text, ok := strings.CutPrefix(err.Error(), "frontproxy: "); ok {
			return text
		}
	}
	return "not mine"
}
