package jwt_test

import (
	"crypto"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// sign signs as go-jose does, with one of the keys of the RFCs.
func sign(t testing.TB, alg string, key any, header map[jose.HeaderKey]any, payload []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(alg), Key: key}, &jose.SignerOptions{ExtraHeaders: header})
	require.NoError(t, err)
	object, err := signer.Sign(payload)
	require.NoError(t, err)
	token, err := object.CompactSerialize()
	require.NoError(t, err)
	return token
}

func rfcKeys(t testing.TB) (jwt.StaticKeys, map[string]crypto.Signer) {
	signers := map[string]crypto.Signer{"rsa": rfcRSAKey(t), "ec": rfcECKey(t), "ed": rfcEdKey(t)}
	var keys jwt.StaticKeys
	for _, id := range []string{"rsa", "ec", "ed"} {
		keys = append(keys, jwt.Key{ID: id, Public: signers[id].Public()})
	}
	return keys, signers
}

func seeds(t testing.TB) []string {
	_, signers := rfcKeys(t)
	claims := []byte(`{` + full + `}`)
	var tokens []string
	for alg, kid := range map[string]string{"RS256": "rsa", "PS256": "rsa", "RS512": "rsa", "ES256": "ec", "EdDSA": "ed"} {
		tokens = append(tokens, sign(t, alg, signers[kid], map[jose.HeaderKey]any{"kid": kid}, claims), sign(t, alg, signers[kid], nil, claims))
	}
	slices.Sort(tokens)
	return tokens
}

// FuzzToken: no token makes an authenticator panic, break its promises or accept
// what go-jose does not, with the same key and the same payload.
func FuzzToken(f *testing.F) {
	for _, token := range seeds(f) {
		h, p, s := parts(token)
		f.Add(token)
		f.Add(h + "." + p + ".")
		f.Add(token + "=")
		f.Add(h + "." + p + "." + s + "." + s + "." + s)
		f.Add(withHeader(token, `{"alg":"none"}`))
		f.Add(withHeader(token, `{"alg":"ES256","alg":"none"}`))
	}
	_, signers := rfcKeys(f)
	for _, header := range []map[jose.HeaderKey]any{
		{"crit": []string{"exp"}, "exp": 1}, {"crit": []string{}}, {"b64": true}, {"zip": "DEF"}, {"typ": "logout+jwt"}, {"kid": 1}, {"kid": "rsa"},
	} {
		f.Add(sign(f, "ES256", signers["ec"], header, []byte(`{`+full+`}`)))
	}
	for _, payload := range []string{
		`{` + iss + `,` + sub + `,` + aud + `}`, `{` + iss + `,` + sub + `,` + exp + `}`, `{` + iss + `,` + sub + `,"aud":["x"],` + exp + `}`, `{` + iss + `,` + sub + `,` + aud + `,"exp":1}`,
		`{"ISS":"https://evil.example.com",` + full + `,"Exp":1}`, `{` + full + `,"sub":"admin"}`, `{` + iss + `,` + sub + `,` + aud + `,"exp":1e300}`, `{"iſs":"` + login + `"}`,
	} {
		f.Add(sign(f, "ES256", signers["ec"], nil, []byte(payload)))
	}
	f.Add(strings.Repeat(".", 1<<15))
	f.Add(`{"payload":"e30","signature":""}`)
	keys, _ := rfcKeys(f)
	auth := newStatic(f, keys, func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
	f.Fuzz(func(t *testing.T, token string) {
		got := ask(t, auth, token)
		if got.user == nil {
			require.NotEmpty(t, got.reason)
			return
		}
		require.True(t, joseVerifies(keys, token), "go-jose does not accept it")
		h, p, _ := parts(token)
		var header, claims map[string]any
		require.NoError(t, json.Unmarshal(unb64(t, h), &header))
		require.NoError(t, json.Unmarshal(unb64(t, p), &claims))
		for _, name := range []string{"crit", "b64", "zip"} {
			require.NotContains(t, header, name)
		}
		require.Equal(t, login, claims["iss"])
		require.Equal(t, claims["sub"], got.user.Name)
		require.Contains(t, claims["aud"], audience)
		require.Greater(t, claims["exp"], float64(noon.Unix()))
	})
}

// joseVerifies reports whether go-jose verifies a token with one of the keys
// that it names, to the payload that it has.
func joseVerifies(keys jwt.StaticKeys, token string) bool {
	var algorithms []jose.SignatureAlgorithm
	for _, alg := range allAlgorithms {
		algorithms = append(algorithms, jose.SignatureAlgorithm(alg))
	}
	object, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return false
	}
	kid := object.Signatures[0].Header.KeyID
	for _, key := range keys {
		if kid != "" && kid != key.ID {
			continue
		}
		if verified, err := object.Verify(key.Public); err == nil {
			_, p, _ := parts(token)
			return b64(verified) == p
		}
	}
	return false
}

// FuzzClaims: no payload makes the mappings panic, and no claim is read otherwise
// than encoding/json reads it.
func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{` + full + `}`, `{"email":"a@b","email_verified":true}`, `{"email":"a@b","email_verified":"true"}`, `{"groups":["a",1]}`, `{"groups":"a"}`,
		`{"sub":"\ud83d"}`, `{"sub":"a","sub":"b"}`, `{"exp":1e300}`, `{"exp":1e700}`, `{"exp":-0}`, `{"exp":1.5,"nbf":9223372036854775807}`, `{"sub":"\u0000"}`, `{"groups":null,"sub":"a"}`,
	} {
		f.Add(seed)
	}
	mappings := jwt.ClaimMappings{
		Username: jwt.Claim("sub").WithPrefix("p:"), Groups: jwt.Claim("groups").WithPrefix("g:"),
		Extra: map[string]jwt.ClaimMapping{"x": jwt.Claim("x")},
	}
	f.Fuzz(func(t *testing.T, payload string) {
		claims, err := jwt.ParseClaims(payload)
		if err != nil {
			require.Equal(t, authn.Malformed, authn.ReasonOf(err))
			require.LessOrEqual(t, len(err.Error()), 1024)
			return
		}
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(payload))
		decoder.UseNumber() // or it would refuse those that no float64 can hold
		require.NoError(t, decoder.Decode(&want))
		require.Len(t, slices.Collect(claims.Names()), len(want))
		for name := range claims.Names() {
			require.Contains(t, want, name)
			text, isText := want[name].(string) // a json.Number is none
			got, err := claims.String(name)
			require.Equal(t, isText, err == nil)
			require.Equal(t, text, got)
			mustBeTime(t, claims, name, want[name])
			list, err := claims.Strings(name)
			require.Equal(t, stringsOf(want[name]), list, "%v", err)
		}
		u, err := mappings.User(t.Context(), claims)
		if err != nil {
			require.NotEqual(t, authn.Refused, authn.ReasonOf(err))
			return
		}
		require.Equal(t, "p:"+want["sub"].(string), u.GetName())
		require.Len(t, u.GetGroups(), len(stringsOf(want["groups"])))
	})
}

// mustBeTime checks that a claim is an instant if it is a number, and which one if
// it is a whole one.
func mustBeTime(t *testing.T, claims jwt.Claims, name string, want any) {
	t.Helper()
	at, err := claims.Time(name)
	number, ok := want.(json.Number)
	if !ok {
		require.Error(t, err)
		return
	}
	const last = math.MaxInt64 - 62135596800
	switch n, notWhole := number.Int64(); {
	case notWhole == nil && n > last:
		require.Error(t, err)
	case notWhole == nil && n >= math.MinInt64/2:
		require.NoError(t, err)
		require.Equal(t, n, at.Unix())
	}
}

// stringsOf returns the strings that v is or holds, and nil for anything else.
func stringsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		list := make([]string, len(v))
		for i, item := range v {
			var ok bool
			if list[i], ok = item.(string); !ok {
				return nil
			}
		}
		return list
	}
	return nil
}
