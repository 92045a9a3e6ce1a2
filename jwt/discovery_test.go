package jwt_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

func TestDiscoveryErrors(t *testing.T) {
	issuer := newIssuer(t)
	url := issuer.URL()
	at := func(why string) string { return "discovery: " + url + "/.well-known/openid-configuration: " + why }
	get := func(why string) string {
		return "discovery: GET " + url + "/.well-known/openid-configuration: " + why
	}
	document := func(issuer, keys string) http.HandlerFunc {
		return text(fmt.Sprintf(`{"issuer":%s,"jwks_uri":%s}`, issuer, keys))
	}
	uri := func(uri string) http.HandlerFunc { return document(`"`+url+`"`, `"`+uri+`"`) }
	notIssuer := func(name string) string { return at(fmt.Sprintf("is of issuer %q, not %q", name, url)) }
	long := strings.Repeat("i", 1000)
	tests := []struct {
		name     string
		document http.HandlerFunc
		want     string
	}{
		{"another issuer", document(`"https://evil.example.com"`, `"`+url+`/keys"`), notIssuer("https://evil.example.com")},
		{"a slash more", document(`"`+url+`/"`, `"`+url+`/keys"`), notIssuer(url + "/")},
		{"in upper case", document(`"`+strings.ToUpper(url)+`"`, `"`+url+`/keys"`), notIssuer(strings.ToUpper(url))},
		{"a long issuer", document(`"`+long+`"`, `"`+url+`/keys"`), at(fmt.Sprintf("is of issuer %q…, not %q", long[:128], url))},
		{"a list of issuers", document(`["`+url+`"]`, `"`+url+`/keys"`), notIssuer("")},
		{"no issuer", text(`{"jwks_uri":"` + url + `/keys"}`), notIssuer("")},
		{"ISSUER", text(`{"ISSUER":"` + url + `","jwks_uri":"` + url + `/keys"}`), notIssuer("")},
		{"two issuers", text(`{"issuer":"` + url + `","issuer":"` + url + `"}`), at(fmt.Sprintf(`offset %d: duplicate member "issuer"`, len(url)+21))},
		{"no jwks_uri", text(`{"issuer":"` + url + `"}`), at(`jwks_uri "": required`)},
		{"jwks_uri a number", document(`"`+url+`"`, "1"), at(`jwks_uri "": required`)},
		{"jwks_uri over http", uri("http://10.0.0.1/keys"), at(`jwks_uri "http://10.0.0.1/keys": must be https`)},
		{"jwks_uri over http on loopback", uri("http://127.0.0.1/keys"), at(`jwks_uri "http://127.0.0.1/keys": must be https`)},
		{"jwks_uri a file", uri("file:///etc/passwd"), at(`jwks_uri "file:///etc/passwd": has no host`)},
		{"jwks_uri without a host", uri("/keys"), at(`jwks_uri "/keys": has no host`)},
		{"jwks_uri with a user", uri("https://a:b@127.0.0.1/keys"), at(`jwks_uri "…@127.0.0.1/keys": must not have a user or a password`)},
		{"jwks_uri with a fragment", uri("https://127.0.0.1/keys#a"), at(`jwks_uri "https://127.0.0.1/keys#a": must not have a fragment`)},
		{"jwks_uri no URL", uri("https://%zz"), at(`jwks_uri "https://%zz": not a URL`)},
		{"a long jwks_uri", uri("ftp://" + long), at(fmt.Sprintf("jwks_uri %q…: must be https", ("ftp://" + long)[:128]))},
		{"HTML", text("<html>"), at("not a JSON object")},
		{"empty", text(""), at("not a JSON object")},
		{"over 1 MiB", text(strings.Repeat(" ", 1<<20) + "{}"), get("the answer has more than 1048576 bytes")},
		{"404", http.NotFound, get("status 404")},
		{"503", authntest.Status(http.StatusServiceUnavailable).ServeHTTP, get("status 503")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			issuer.Serve(tt.document)
			auth, _ := newRemote(t, issuer)
			require.Equal(t, unavailable("keys: "+tt.want), ask(t, auth, jane(issuer)))
			require.EqualError(t, auth.Preload(t.Context()), `jwt: issuer "`+url+`": keys: `+tt.want)
			require.EqualError(t, auth.HealthCheck(), `jwt: issuer "`+url+`": keys: none yet: `+tt.want)
		})
	}
}

// No redirect is followed, wherever it comes and wherever it leads.
func TestRedirects(t *testing.T) {
	issuer := newIssuer(t)
	var followed atomic.Int64
	elsewhere := newIssuer(t)
	elsewhere.Serve(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{"/elsewhere", elsewhere.URL(), "http://127.0.0.1:1/", "file:///etc/passwd"} {
			redirect := http.RedirectHandler(target, status)
			keys := serving(issuer, redirect.ServeHTTP).(*http.ServeMux)
			keys.HandleFunc("/elsewhere", func(w http.ResponseWriter, _ *http.Request) {
				followed.Add(1)
				_, _ = w.Write(issuer.KeySet())
			})
			issuer.Serve(keys)
			auth, _ := newRemote(t, issuer)
			require.Equal(t, unavailable(fmt.Sprintf("keys: key set: GET %s/keys: status %d", issuer.URL(), status)), ask(t, auth, jane(issuer)))

			issuer.Serve(redirect)
			auth, _ = newRemote(t, issuer)
			require.Equal(t, unavailable(fmt.Sprintf("keys: discovery: GET %s/.well-known/openid-configuration: status %d", issuer.URL(), status)), ask(t, auth, jane(issuer)))
		}
	}
	require.Zero(t, followed.Load())
}

// The caller's client is not changed, and its way with redirects not used.
func TestClientIsCopied(t *testing.T) {
	issuer := newIssuer(t)
	client := issuer.Client()
	checked := 0
	client.CheckRedirect = func(*http.Request, []*http.Request) error { checked++; return nil }
	issuer.Serve(http.RedirectHandler("/elsewhere", http.StatusFound))
	auth, _ := newRemote(t, issuer, func(_ *jwt.Config, o *jwt.Options) { o.Client = client })
	require.Error(t, auth.Preload(t.Context()))
	require.Zero(t, checked)
	require.NotNil(t, client.CheckRedirect)
}

func TestDiscoveryURL(t *testing.T) {
	issuer := newIssuer(t)
	elsewhere := http.NewServeMux()
	elsewhere.HandleFunc("/d", text(`{"issuer":"`+login+`","jwks_uri":"`+issuer.URL()+`/keys"}`))
	elsewhere.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(issuer.KeySet()) })
	issuer.Serve(elsewhere)
	auth, _ := newRemote(t, issuer, func(c *jwt.Config, _ *jwt.Options) { c.Issuer, c.DiscoveryURL = login, issuer.URL()+"/d" })
	require.Equal(t, isUser("jane"), ask(t, auth, issuer.Token(good(nil))))
	require.Equal(t, answer{reason: notMine, text: fmt.Sprintf("issued by %q", issuer.URL())}, ask(t, auth, jane(issuer)))
}

// A path in the issuer, and a slash at its end, lead to the right place.
func TestDiscoveryPath(t *testing.T) {
	issuer := newIssuer(t)
	for _, path := range []string{"/", "/realms/one", "/realms/one/"} {
		var asked string
		issuer.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = r.Method + " " + r.URL.Path + " " + r.Header.Get("Accept")
			http.NotFound(w, r)
		}))
		auth, _ := newRemote(t, issuer, func(c *jwt.Config, _ *jwt.Options) { c.Issuer += path })
		require.Error(t, auth.Preload(t.Context()))
		require.Equal(t, "GET "+strings.TrimSuffix(path, "/")+"/.well-known/openid-configuration application/json", asked)
	}
}

// A server may have a key set as one of its types and nothing else, as kube-apiserver has
// it as the one that is registered.
func TestKeySetTypes(t *testing.T) {
	issuer := newIssuer(t)
	for _, has := range []string{"application/jwk-set+json", "application/json", "text/plain"} {
		issuer.Handle("/keys", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
				kind, _, _ := strings.Cut(strings.TrimSpace(accepted), ";")
				if kind == has || kind == "*/*" {
					w.Header().Set("Content-Type", has)
					_, _ = w.Write(issuer.KeySet())
					return
				}
			}
			w.WriteHeader(http.StatusNotAcceptable)
		}))
		keys, err := jwt.URL(issuer.URL()+"/keys", &jwt.URLOptions{Client: issuer.Client()})
		require.NoError(t, err)
		found, err := keys.Keys(t.Context(), issuer.KeyID("ES256"))
		require.NoError(t, err, has)
		require.Len(t, found, 1)
		auth, _ := newRemote(t, issuer)
		require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)), has)
	}
}

// Over http on a loopback address, where the caller has said so.
func TestLoopback(t *testing.T) {
	issuer := newIssuer(t)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	keys := server.URL + "/keys"
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(issuer.KeySet()) })
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, keys)
	})
	over := func(c *jwt.Config, o *jwt.Options) { c.Issuer, o.Client = server.URL, server.Client() }
	auth, _ := newRemote(t, issuer, over)
	require.Equal(t, isUser("jane"), ask(t, auth, issuer.Token(good(object{"iss": server.URL}))))

	keys = "http://login.example.com/keys"
	auth, _ = newRemote(t, issuer, over)
	require.ErrorContains(t, auth.Preload(t.Context()), `jwks_uri "http://login.example.com/keys": must be https`)
}
