package jwt_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

// serving returns a handler that answers for the issuer's keys what is given,
// and for the rest the truth.
func serving(issuer *authntest.Issuer, keys http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", keys)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, issuer.URL(), issuer.URL()+"/keys")
	})
	return mux
}

func text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
}

// Sets that are refused as a whole: what their tokens get, and the health check.
func TestBadKeySets(t *testing.T) {
	issuer := newIssuer(t)
	at := func(why string) string { return "key set: " + issuer.URL() + "/keys: " + why }
	get := func(why string) string { return "key set: GET " + issuer.URL() + "/keys: " + why }
	tests := []struct {
		name string
		keys http.HandlerFunc
		want string
	}{
		{"empty", text(""), at("not a JSON object")},
		{"HTML", text("<html><body>Sign in</body></html>"), at("not a JSON object")},
		{"garbage", text("\x00\xff\x13"), at("not a JSON object")},
		{"a list", text(`[]`), at("not a JSON object")},
		{"null", text(`null`), at("not a JSON object")},
		{"cut", text(`{"keys":[{"kty":"RSA"`), at("offset 21: the text ends too early")},
		{"a member that is not JSON", text(`{"keys":[{"kty":}]}`), at("offset 16: not valid JSON")},
		{"more after it", text(`{"keys":[]}x`), at("offset 11: more after the object")},
		{"keys missing", text(`{}`), at(`"keys": not a list`)},
		{"keys null", text(`{"keys":null}`), at(`"keys": not a list`)},
		{"keys an object", text(`{"keys":{}}`), at(`"keys": not a list`)},
		{"keys a string", text(`{"keys":"[]"}`), at(`"keys": not a list`)},
		{"Keys", text(`{"Keys":[]}`), at(`"keys": not a list`)},
		{"keys twice", text(`{"keys":[],"keys":[]}`), at(`offset 17: duplicate member "keys"`)},
		{"257 keys", text(`{"keys":[` + strings.Repeat("{},", 256) + `{}]}`), at(`"keys": more than 256`)},
		{"deep", text(`{"keys":` + strings.Repeat("[", 100_000)), at("offset 72: more than 64 levels deep")},
		{"over 1 MiB", text(`{"keys":[]}` + strings.Repeat(" ", 1<<20)), get("the answer has more than 1048576 bytes")},
		{"byte order mark", text("\ufeff" + `{"keys":[]}`), at("not a JSON object")},
		{"UTF-16", text(wide(`{"keys":[]}`, "\x00", "")), at("not a JSON object")},
		{"a comma too many", text(`{"keys":[],}`), at("offset 11: not valid JSON")},
		{"a comma too many in the list", text(`{"keys":[{},]}`), at("offset 12: not valid JSON")},
		{"a comment", text(`{"keys":[/**/]}`), at("offset 9: not valid JSON")},
		{"single quotes", text(`{'keys':[]}`), at("offset 1: not valid JSON")},
		{"NUL after it", text(`{"keys":[]}` + "\x00"), at("offset 11: more after the object")},
		{"two of them", text(`{"keys":[]}{"keys":[]}`), at("offset 11: more after the object")},
		{"keys twice, by an escape", text(`{"keys":[],"\u006beys":[]}`), at(`offset 22: duplicate member "keys"`)},
		{"keys with a K of Kelvin", text("{\"\u212aeys\":[]}"), at(`"keys": not a list`)},
		{"keys a number", text(`{"keys":1}`), at(`"keys": not a list`)},
		{"keys in keys", text(`{"keys":{"keys":[]}}`), at(`"keys": not a list`)},
		{"one key", text(memberOf(t, issuer, "p256-1")), at(`"keys": not a list`)},
		{"a list of keys", text("[" + memberOf(t, issuer, "p256-1") + "]"), at("not a JSON object")},
		{"a token", text(issuer.Token(object{"keys": []any{}})), at("not a JSON object")},
		{"PEM", text("-----BEGIN PUBLIC KEY-----\n"), at("not a JSON object")},
		{"kids by their certificates", text(`{"` + "rsa-1" + `":"-----BEGIN CERTIFICATE-----"}`), at(`"keys": not a list`)},
		{"not UTF-8", text(`{"keys":["` + "\xff" + `"]}`), at("offset 10: not valid UTF-8")},
		{"a lone surrogate", text(`{"keys":["\ud800"]}`), at("offset 16: a lone surrogate in a string")},
		{"compressed, and it does not say so", text("\x1f\x8b\x08\x00\x00"), at("not a JSON object")},
		{"a byte over 1 MiB", text(padded(`{"keys":[]}`, 1<<20+1)), get("the answer has more than 1048576 bytes")},
		{"401", authntest.Status(http.StatusUnauthorized).ServeHTTP, get("status 401")},
		{"206", authntest.Status(http.StatusPartialContent).ServeHTTP, get("status 206")},
		{"304", authntest.Status(http.StatusNotModified).ServeHTTP, get("status 304")},
		{"404", http.NotFound, get("status 404")},
		{"500", authntest.Status(http.StatusInternalServerError).ServeHTTP, get("status 500")},
		{"204", authntest.Status(http.StatusNoContent).ServeHTTP, get("status 204")},
		{"a redirect", http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, get("status 302")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			issuer.Serve(serving(issuer, tt.keys))
			auth, _ := newRemote(t, issuer)
			require.Equal(t, unavailable("keys: "+tt.want), ask(t, auth, jane(issuer)))
			require.EqualError(t, auth.HealthCheck(), `jwt: issuer "`+issuer.URL()+`": keys: none yet: `+tt.want)
		})
	}
}

// Sets without a key that is of use answer for themselves.
func TestUselessKeySets(t *testing.T) {
	issuer := newIssuer(t)
	bad := `{"kid":"` + strings.Repeat(`\u0000`, 200) + `","use":"enc"}`
	for body, want := range map[string]string{
		`{"keys":[]}`:                                           ": it has no members",
		`{"keys":[1,{"kid":"a","use":"enc"}]}`:                  `: key 0 "": not an object; key 1 "a": "use": not sig`,
		`{"keys":[` + strings.Repeat(bad+",", 255) + bad + `]}`: `: key 0 "\x00`,
	} {
		issuer.Serve(serving(issuer, text(body)))
		auth, clock := newRemote(t, issuer)
		require.Equal(t, unavailable("keys: there is none that is of use"), ask(t, auth, jane(issuer)))
		require.ErrorContains(t, auth.Preload(t.Context()), "keys: there is none that is of use")
		health := auth.HealthCheck()
		require.ErrorContains(t, health, `jwt: issuer "`+issuer.URL()+`": keys: the set of 2026-01-01T12:00:00Z has none that is of use`+want)
		require.LessOrEqual(t, len(health.Error()), 1024)

		issuer.Serve(nil)
		clock.Add(40 * time.Second)
		require.Equal(t, isUser("jane"), ask(t, auth, jane(issuer)))
		require.NoError(t, auth.HealthCheck())
	}
}

// memberOf returns the member of the issuer's key set that is called kid.
func memberOf(t *testing.T, issuer *authntest.Issuer, kid string) string {
	t.Helper()
	var set struct{ Keys []raw }
	require.NoError(t, json.Unmarshal(issuer.KeySet(), &set))
	for _, member := range set.Keys {
		if strings.Contains(string(member), `"kid":"`+kid+`"`) {
			return string(member)
		}
	}
	t.Fatalf("no key %q", kid)
	return ""
}

// Keys with the same kid, or with none, are tried in order.
func TestKeyNames(t *testing.T) {
	issuer, other := newIssuer(t), newIssuer(t)
	set := func(kid string, order ...*authntest.Issuer) http.Handler {
		var members []string
		for _, i := range order {
			members = append(members, strings.ReplaceAll(memberOf(t, i, "p256-1"), `"kid":"p256-1"`, kid))
		}
		return serving(issuer, text(`{"keys":[`+strings.Join(members, ",")+`]}`))
	}
	tests := []struct {
		name string
		set  http.Handler
		kid  any
		want answer
	}{
		{"duplicate kid, first", set(`"kid":"a"`, issuer, other), "a", isUser("jane")},
		{"duplicate kid, last", set(`"kid":"a"`, other, issuer), "a", isUser("jane")},
		{"duplicate kid, none", set(`"kid":"a"`, other, other), "a", badSignature("a")},
		{"no kid in the set", set(`"x_a":1`, other, issuer), "a", unknownKey("a", "ES256")},
		{"no kid in the token", set(`"kid":"a"`, other, issuer), nil, isUser("jane")},
		{"no kid in either", set(`"x_a":1`, other, issuer), nil, isUser("jane")},
		{"an empty kid in both", set(`"kid":""`, other, issuer), "", isUser("jane")},
		{"kid not a string", set(`"kid":1`, issuer), nil, unavailable("keys: there is none that is of use")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			issuer.Serve(tt.set)
			auth, _ := newRemote(t, issuer)
			require.Equal(t, tt.want, ask(t, auth, janeWith(issuer, object{"kid": tt.kid})))
		})
	}
}
