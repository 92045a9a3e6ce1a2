package authntest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
)

var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// verified reports whether pub made the signature of token with alg. RFC 7518
// and RFC 8037, by the standard library.
func verified(t *testing.T, alg string, pub crypto.PublicKey, token string) bool {
	t.Helper()
	dot := strings.LastIndexByte(token, '.')
	signed, sig := []byte(token[:dot]), decode(t, token[dot+1:])
	if alg == "EdDSA" {
		return ed25519.Verify(pub.(ed25519.PublicKey), signed, sig)
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch alg[:2] {
	case "RS":
		return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), hash, digest, sig) == nil
	case "PS":
		return rsa.VerifyPSS(pub.(*rsa.PublicKey), hash, digest, sig, &rsa.PSSOptions{SaltLength: hash.Size()}) == nil
	}
	width := map[string]int{"ES256": 32, "ES384": 48, "ES512": 66}[alg]
	require.Len(t, sig, 2*width)
	r, s := new(big.Int).SetBytes(sig[:width]), new(big.Int).SetBytes(sig[width:])
	return ecdsa.Verify(pub.(*ecdsa.PublicKey), digest, r, s)
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	require.NoError(t, err)
	return b
}

// open returns the header and the claims of token as they are.
func open(t *testing.T, token string) (header, claims string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	return string(decode(t, parts[0])), string(decode(t, parts[1]))
}

// published reads the public keys of a key set by their ids (RFC 7517).
func published(t *testing.T, set []byte) map[string]crypto.PublicKey {
	t.Helper()
	var doc struct{ Keys []map[string]string }
	require.NoError(t, json.Unmarshal(set, &doc))
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	keys := map[string]crypto.PublicKey{}
	for _, k := range doc.Keys {
		require.Equal(t, "sig", k["use"])
		number := func(name string) *big.Int { return new(big.Int).SetBytes(decode(t, k[name])) }
		switch k["kty"] {
		case "RSA":
			require.NotContains(t, k, "alg")
			keys[k["kid"]] = &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}
		case "EC":
			point := append(append([]byte{4}, decode(t, k["x"])...), decode(t, k["y"])...)
			pub, err := ecdsa.ParseUncompressedPublicKey(curves[k["crv"]], point)
			require.NoError(t, err)
			keys[k["kid"]] = pub
		case "OKP":
			require.Equal(t, "Ed25519", k["crv"])
			keys[k["kid"]] = ed25519.PublicKey(decode(t, k["x"]))
		default:
			t.Fatalf("a key of type %q", k["kty"])
		}
	}
	return keys
}

func TestSign(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	_, set := get(t, issuer.Client(), issuer.URL()+"/keys")
	keys := published(t, []byte(set))
	require.Len(t, keys, 5)
	for _, alg := range algorithms {
		t.Run(alg, func(t *testing.T) {
			require.Equal(t, issuer.PublicKey(alg), keys[issuer.KeyID(alg)])
			// More than once, for an r or s that begins with zeros: every other of
			// P-521 does.
			for range 10 {
				require.True(t, verified(t, alg, keys[issuer.KeyID(alg)], issuer.Sign(alg, nil, nil)))
			}
			token := issuer.Sign(alg, nil, nil)
			require.False(t, verified(t, alg, issuer.PublicKey(alg), "x"+token))
			header, _ := open(t, token)
			require.JSONEq(t, `{"alg":"`+alg+`","kid":"`+issuer.KeyID(alg)+`","typ":"JWT"}`, header)
		})
	}
}

func TestSignMembers(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	issuer.SetNow(func() time.Time { return time.Unix(1000, 0) })
	iss, kid := issuer.URL(), issuer.KeyID("RS256")
	full := `{"alg":"RS256","kid":"` + kid + `","typ":"JWT"}`
	type object = map[string]any
	tests := []struct {
		name           string
		claims, header object
		wantClaims     string
		wantHeader     string
	}{
		{"nil", nil, nil, `{"iss":"` + iss + `","iat":1000,"exp":4600}`, full},
		{"more claims", object{"sub": "ann"}, nil, `{"sub":"ann","iss":"` + iss + `","iat":1000,"exp":4600}`, full},
		{"own claims", object{"iss": "x", "iat": 1, "exp": "soon"}, nil, `{"iss":"x","iat":1,"exp":"soon"}`, full},
		{"without claims", object{"iss": nil, "iat": nil, "exp": nil, "sub": nil}, nil, `{}`, full},
		{"null", object{"iss": nil, "iat": nil, "exp": json.RawMessage("null")}, nil, `{"exp":null}`, full},
		{"own header", object{"iss": nil, "iat": nil, "exp": nil}, object{"alg": "none", "kid": nil, "typ": "at+jwt", "crit": []string{"b64"}},
			`{}`, `{"alg":"none","typ":"at+jwt","crit":["b64"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := issuer.Sign("RS256", tt.claims, tt.header)
			header, claims := open(t, token)
			require.JSONEq(t, tt.wantHeader, header)
			require.JSONEq(t, tt.wantClaims, claims)
			require.True(t, verified(t, "RS256", issuer.PublicKey("RS256"), token))
		})
	}
}

func TestToken(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	issuer.SetNow(func() time.Time { return time.Unix(1000, 0) })
	_, claims := open(t, issuer.Token(nil))
	require.JSONEq(t, `{"iss":"`+issuer.URL()+`","iat":1000,"exp":4600}`, claims)

	issuer.SetNow(nil)
	token := issuer.Token(map[string]any{"sub": "ann"})
	require.True(t, verified(t, "RS256", issuer.PublicKey("RS256"), token))
	_, claims = open(t, token)
	var got struct{ Exp int64 }
	require.NoError(t, json.Unmarshal([]byte(claims), &got))
	require.WithinDuration(t, time.Now().Add(time.Hour), time.Unix(got.Exp, 0), time.Minute)
}

func TestSignRaw(t *testing.T) {
	issuer := authntest.NewIssuer(t)
	for _, alg := range algorithms {
		token := issuer.SignRaw(alg, []byte(`{"alg":"a","alg":"b"}`), []byte("\xff no JSON"))
		header, payload := open(t, token)
		require.Equal(t, `{"alg":"a","alg":"b"}`, header)
		require.Equal(t, "\xff no JSON", payload)
		require.True(t, verified(t, alg, issuer.PublicKey(alg), token), alg)
	}
}
