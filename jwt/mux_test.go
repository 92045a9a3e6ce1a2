package jwt_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestMux(t *testing.T) {
	one, two := newIssuer(t), newIssuer(t)
	named := func(url, prefix string) func(*jwt.Config, *jwt.Options) {
		return func(c *jwt.Config, _ *jwt.Options) {
			c.Issuer, c.User = url, jwt.ClaimMappings{Username: jwt.Claim("sub").WithPrefix(prefix)}.User
		}
	}
	mux, err := jwt.NewMux(
		newStatic(t, keysOf(one), named("https://one.example.com", "one:")),
		newStatic(t, keysOf(two), named("https://two.example.com", "two:")),
	)
	require.NoError(t, err)
	require.Equal(t, "jwt", mux.String())
	require.NoError(t, mux.HealthCheck())
	iss := func(url string) object { return good(object{"iss": url}) }
	token := one.Token(iss("https://one.example.com"))
	h, p, s := parts(token)
	run(t, mux, []row{
		{"one", token, isUser("one:jane")},
		{"two", two.Token(iss("https://two.example.com")), isUser("two:jane")},
		{"two's name under one's key", one.Token(iss("https://two.example.com")), badSignature("rsa-1")},
		{"a third", one.Token(iss("https://three.example.com")), answer{reason: notMine, text: `issued by "https://three.example.com"`}},
		{"empty", one.Token(iss("")), answer{reason: notMine, text: `issued by ""`}},
		{"no iss", one.Token(object{"iss": nil}), answer{reason: notMine, text: `issued by ""`}},
		{"opaque", "s3cr3t", foreign("not three parts with dots between them")},
		{"broken signature", h + "." + p + "." + s + "=", malformed("signature: not base64url without padding")},
		{"broken header", "e30." + p + "." + s, malformed(`header: "alg": missing`)},
		{"broken payload", one.SignRaw("RS256", nil, []byte(`{"iss":"https://one.example.com","a":1,"a":1}`)), malformed(`payload: offset 42: duplicate member "a"`)},
		{"broken before iss", one.SignRaw("RS256", nil, []byte(`{"a":1,"a":1,"iss":"https://one.example.com"}`)), foreign(`payload: offset 10: duplicate member "a"`)},
	})
	_, _, err = mux.AuthenticateToken(t.Context(), two.Token(object{"iss": "https://two.example.com", "sub": "jane"}))
	require.EqualError(t, err, `jwt: issuer "https://two.example.com": claim "aud": missing`, "the error names the right issuer")
}

func TestNewMuxErrors(t *testing.T) {
	a := newStatic(t, jwt.StaticKeys{})
	b := newStatic(t, jwt.StaticKeys{}, func(c *jwt.Config, _ *jwt.Options) { c.Issuer = "https://b.example.com" })
	for _, tt := range []struct {
		auths []*jwt.Authenticator
		want  string
	}{
		{[]*jwt.Authenticator{a, b}, ""},
		{nil, ""},
		{[]*jwt.Authenticator{a, nil}, "jwt: mux: authenticator 2 of 2 is nil"},
		{[]*jwt.Authenticator{nil}, "jwt: mux: authenticator 1 of 1 is nil"},
		{[]*jwt.Authenticator{a, b, a}, `jwt: mux: issuer "https://login.example.com": more than one authenticator`},
	} {
		mux, err := jwt.NewMux(tt.auths...)
		if tt.want != "" {
			require.EqualError(t, err, tt.want)
			require.Nil(t, mux)
			continue
		}
		require.NoError(t, err)
		require.NoError(t, mux.HealthCheck())
		require.Equal(t, notMine, ask(t, mux, "opaque").reason)
	}
}

// The health check names every issuer that is not well, in the order given.
func TestMuxHealthCheck(t *testing.T) {
	var auths []*jwt.Authenticator
	want := ""
	for _, name := range []string{"d", "b", "well", "a", "c"} {
		url := "https://" + name + ".example.com"
		auths = append(auths, newStatic(t, ownKeys(func(context.Context, string) ([]jwt.Key, error) {
			if name == "well" {
				return nil, nil
			}
			return nil, errors.New(name + " is down")
		}), func(c *jwt.Config, _ *jwt.Options) { c.Issuer = url }))
		if name != "well" {
			want += "\njwt: issuer \"" + url + "\": " + name + " is down"
		}
	}
	mux, err := jwt.NewMux(auths...)
	require.NoError(t, err)
	for range 10 {
		require.EqualError(t, mux.HealthCheck(), want[1:])
	}
	require.Equal(t, authn.Refused, authn.ReasonOf(mux.HealthCheck()))
}
