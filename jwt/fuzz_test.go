package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
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
		_, p, _ := parts(token)
		var claims struct{ Iss, Sub string }
		require.NoError(t, json.Unmarshal(unb64(t, p), &claims))
		require.Equal(t, login, claims.Iss)
		require.Equal(t, claims.Sub, got.user.Name)
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

// FuzzKeySet: no key set makes the parser panic, and what it lets through is a
// key that is fit for use.
func FuzzKeySet(f *testing.F) {
	for _, member := range []string{
		ecJWK, edJWK, rsaJWK(2048, "AQAB"), rsaJWK(1024, "AQAB"), rsaJWK(2048, "AQ"), ecJWK + `,"use":"enc"`, ecJWK + `,"alg":"ES256"`, ecJWK + `,"key_ops":["verify"]`,
		ecJWK + `,"d":"AA"`, `"kty":"oct","k":"AA"`, `"kty":"EC","crv":"P-384","x":"AA","y":"AA"`, `"kty":"OKP","crv":"X25519","x":"AA"`, `"kty":"AKP","alg":"ML-DSA-44","pub":"AA"`, `"kty":1`,
	} {
		f.Add([]byte(`{"keys":[{"kid":"a",` + member + `}]}`))
		f.Add([]byte(`{"keys":[{` + member + `},{` + edJWK + `}]}`))
	}
	for _, set := range []string{"", "{}", `{"keys":null}`, `{"keys":[]}`, `{"keys":[1,{}]}`, `{"keys":[],"keys":[]}`, "<html>"} {
		f.Add([]byte(set))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, notes, err := jwt.ParseKeySet(body)
		if err != nil {
			require.Empty(t, keys)
			require.LessOrEqual(t, len(err.Error()), 1024)
			return
		}
		require.LessOrEqual(t, len(keys)+len(notes), 256)
		for _, key := range keys {
			mustBeFit(t, key)
		}
		for _, alg := range allAlgorithms { // in use
			auth := newStatic(t, jwt.StaticKeys(keys), func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
			got := ask(t, auth, b64([]byte(`{"alg":"`+alg+`"}`))+"."+b64([]byte(`{`+full+`}`))+"."+b64(make([]byte, 64)))
			require.Contains(t, []authn.Reason{authn.UnknownKey, authn.BadSignature}, got.reason)
		}
	})
}

func mustBeFit(t *testing.T, key jwt.Key) {
	t.Helper()
	switch pub := key.Public.(type) {
	case *rsa.PublicKey:
		require.GreaterOrEqual(t, pub.N.BitLen(), 2048)
		require.LessOrEqual(t, pub.N.BitLen(), 8192)
		require.GreaterOrEqual(t, pub.E, 3)
		require.Equal(t, 1, pub.E%2)
	case *ecdsa.PublicKey:
		require.Contains(t, []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}, pub.Curve)
		_, err := pub.Bytes() // fails off the curve
		require.NoError(t, err)
	case ed25519.PublicKey:
		require.Len(t, pub, ed25519.PublicKeySize)
	default:
		t.Fatalf("%T", pub)
	}
	require.Contains(t, append(allAlgorithms, ""), key.Algorithm)
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
			_, _ = claims.Time(name)
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
