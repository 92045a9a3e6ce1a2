package jwt_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func anyClaims(jwt.Claims) error { return nil }

// A Verifier checks all that an Authenticator does before the claims, of several issuers.
func TestVerifier(t *testing.T) {
	issuer := newIssuer(t)
	v, err := jwt.NewVerifier(jwt.VerifierConfig{Issuers: []string{"https://b.example.com", login}, Keys: keysOf(issuer)})
	require.NoError(t, err)
	checked := 0
	check := func(c jwt.Claims) error {
		checked++
		if !c.Has("sub") {
			return authn.Errorf(authn.RuleFailed, "nobody's")
		}
		return nil
	}
	for _, row := range []struct {
		name, token string
		mine        bool
		checked     int
		reason      authn.Reason
		text        string
	}{
		{"good", issuer.Sign("RS256", object{"iss": login, "sub": "a", "exp": nil}, nil), true, 1, "", ""},
		{"of the other issuer", issuer.Sign("ES256", object{"iss": "https://b.example.com", "sub": "a"}, nil), true, 1, "", ""},
		{"of a third", issuer.Sign("ES256", object{"iss": "https://c.example.com", "sub": "a"}, nil), false, 0, "", ""},
		{"of none", issuer.Sign("ES256", object{"iss": nil, "sub": "a"}, nil), false, 0, "", ""},
		{"no token", "s3cret", false, 0, "", ""},
		{"claims that are refused", issuer.Sign("ES256", object{"iss": login}, nil), true, 1, authn.RuleFailed, "nobody's"},
		{"another key", issuer.Sign("ES256", object{"iss": login, "sub": "a"}, object{"kid": "x"}), true, 0, authn.UnknownKey, `no key "x" for ES256 among the issuer's`},
		{"another algorithm", issuer.Sign("EdDSA", object{"iss": login, "sub": "a"}, nil), true, 0, authn.WrongAlgorithm, `"alg" "EdDSA": not one of ["RS256" "RS384" "RS512" "PS256" "PS384" "PS512" "ES256" "ES384" "ES512"]`},
		{"another type", issuer.Sign("ES256", object{"iss": login, "sub": "a"}, object{"typ": "dpop+jwt"}), true, 0, authn.Malformed, `header: "typ": "dpop+jwt": not one of ["JWT" "at+jwt"]`},
	} {
		checked = 0
		c, mine, err := v.Verify(t.Context(), row.token, check)
		require.Equal(t, row.mine, mine, row.name)
		require.Equal(t, row.checked, checked, row.name)
		require.Equal(t, row.reason, authn.ReasonOf(err), row.name)
		if row.text != "" {
			require.EqualError(t, err, `issuer "`+login+`": `+row.text, row.name)
		}
		require.Equal(t, row.mine && err == nil, c.Len() > 0, row.name)
	}
	require.NoError(t, v.Preload(t.Context()))
	require.NoError(t, v.HealthCheck())
	require.Zero(t, v.Generation())
}

// Without keys, a token is unavailable unless no key could make it good.
func TestVerifierWithoutKeys(t *testing.T) {
	issuer := newIssuer(t)
	keys, err := jwt.URL(login+"/keys", &jwt.URLOptions{
		Client: &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return nil, errDown })},
	})
	require.NoError(t, err)
	v, err := jwt.NewVerifier(jwt.VerifierConfig{Issuers: []string{login}, Keys: keys})
	require.NoError(t, err)
	token := issuer.Sign("ES256", good(nil), nil)
	c, mine, err := v.Verify(t.Context(), token, anyClaims)
	require.True(t, mine)
	require.Zero(t, c.Len())
	require.Equal(t, authn.Unavailable, authn.ReasonOf(err))
	c, _, err = v.Verify(t.Context(), token, func(jwt.Claims) error { return authn.Errorf(authn.Expired, "old") })
	require.Zero(t, c.Len())
	require.EqualError(t, err, `issuer "`+login+`": old`)
	require.Error(t, v.HealthCheck())
	require.Error(t, v.Preload(t.Context()))
}

func TestNewVerifier(t *testing.T) {
	for want, c := range map[string]jwt.VerifierConfig{
		"issuers: at least one is required":                      {Keys: jwt.StaticKeys{}},
		"issuers: one is empty":                                  {Issuers: []string{""}, Keys: jwt.StaticKeys{}},
		`issuers: "a" is there twice`:                            {Issuers: []string{"a", "a"}, Keys: jwt.StaticKeys{}},
		"keys: required":                                         {Issuers: []string{"a"}},
		"algorithms: at least one is required":                   {Issuers: []string{"a"}, Keys: jwt.StaticKeys{}, Algorithms: []string{}},
		"types: at least one is required, and none may be empty": {Issuers: []string{"a"}, Keys: jwt.StaticKeys{}, Types: []string{}},
		"options: MaxBytes: must not be negative":                {Issuers: []string{"a"}, Keys: jwt.StaticKeys{}, MaxBytes: -1},
	} {
		_, err := jwt.NewVerifier(c)
		require.EqualError(t, err, "jwt: verifier: "+want)
	}
}

// Keys at a URL are fetched, follow a rotation and count it.
func TestURL(t *testing.T) {
	issuer := newIssuer(t)
	keys, err := jwt.URL(issuer.URL()+"/keys", &jwt.URLOptions{Client: issuer.Client()})
	require.NoError(t, err)
	v, err := jwt.NewVerifier(jwt.VerifierConfig{Issuers: []string{login}, Keys: keys})
	require.NoError(t, err)
	require.EqualError(t, v.HealthCheck(), "keys: not fetched yet")
	require.Zero(t, v.Generation())
	for i := range 2 {
		_, _, err = v.Verify(t.Context(), issuer.Sign("ES256", good(nil), nil), anyClaims)
		require.NoError(t, err)
		require.Equal(t, uint64(i+1), v.Generation())
		require.Equal(t, i+1, issuer.KeyFetches())
		require.NoError(t, v.HealthCheck())
		issuer.Rotate()
	}
	require.NoError(t, keys.Refresh(t.Context())) // which is not due
	for raw, o := range map[string]*jwt.URLOptions{
		"URL: must be https": nil,
		"URL: required":      nil,
		"options: MaxStale: must be at least one hour": {MaxStale: time.Minute},
	} {
		url := map[string]string{"URL: must be https": "http://127.0.0.1", "URL: required": ""}[raw]
		if o != nil {
			url = issuer.URL()
		}
		_, err := jwt.URL(url, o)
		require.EqualError(t, err, "jwt: keys: "+raw)
	}
}

func TestCheckTimes(t *testing.T) {
	at := func(members string) jwt.Claims {
		c, err := jwt.ParseClaims("{" + members + "}")
		require.NoError(t, err)
		return c
	}
	now := time.Unix(1000, 0)
	for _, row := range []struct {
		claims string
		leeway time.Duration
		until  int64 // zero: refused
		reason authn.Reason
	}{
		{`"exp":1001`, 0, 1001, ""},
		{`"exp":1000`, 0, 0, authn.Expired},
		{`"exp":1000`, 999 * time.Millisecond, 0, authn.Expired},
		{`"exp":1000`, time.Second, 1001, ""},
		{`"exp":1000`, -time.Second, 0, authn.Expired},
		{`"exp":941,"nbf":1060,"iat":1060`, time.Minute, 1001, ""},
		{`"exp":940`, time.Minute, 0, authn.Expired},
		{`"exp":941,"nbf":1061`, time.Minute, 0, authn.NotYetValid},
		{`"exp":941,"iat":1061`, time.Minute, 0, authn.NotYetValid},
		{`"nbf":1`, time.Minute, 0, authn.ClaimMissing},
	} {
		until, err := at(row.claims).CheckTimes(now, row.leeway)
		require.Equal(t, row.reason, authn.ReasonOf(err), row.claims)
		if row.until == 0 {
			require.Zero(t, until, row.claims)
		} else {
			require.Equal(t, time.Unix(row.until, 0), until, row.claims)
		}
	}
}

func TestClaimsObject(t *testing.T) {
	c, err := jwt.ParseClaims(`{"a":{"b":"c","d":null},"e":[],"f":null}`)
	require.NoError(t, err)
	inner, err := c.Object("a")
	require.NoError(t, err)
	b, err := inner.String("b")
	require.NoError(t, err)
	require.Equal(t, "c", b)
	require.Equal(t, 2, inner.Len())
	for name, want := range map[string]string{"e": `claim "e": not an object`, "f": `claim "f": not an object`, "g": `claim "g": missing`} {
		_, err := c.Object(name)
		require.EqualError(t, err, want)
		require.Equal(t, authn.ClaimMissing, authn.ReasonOf(err))
	}
}
