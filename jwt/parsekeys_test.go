package jwt_test

import (
	"crypto"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

func TestParseKeysOfJSON(t *testing.T) {
	rsaKey, ec, ed := &rfcRSAKey(t).PublicKey, &rfcECKey(t).PublicKey, rfcEdKey(t).Public()
	rsaMember := `"kty":"RSA","n":"` + rfcN + `","e":"AQAB"`
	tests := []struct {
		name, text string
		want       jwt.StaticKeys
	}{
		{"a set of one", `{"keys":[{"kid":"a",` + ecJWK + `}]}`, jwt.StaticKeys{{ID: "a", Public: ec}}},
		{"a set of three", `{"keys":[{"kid":"a",` + ecJWK + `},{"kid":"b",` + edJWK + `},{"alg":"RS256",` + rsaMember + `}]}`,
			jwt.StaticKeys{{ID: "a", Public: ec}, {ID: "b", Public: ed}, {Algorithm: "RS256", Public: rsaKey}}},
		{"the same kid twice", `{"keys":[{"kid":"a",` + ecJWK + `},{"kid":"a",` + edJWK + `}]}`, jwt.StaticKeys{{ID: "a", Public: ec}, {ID: "a", Public: ed}}},
		{"members that are of no use", `{"keys":[{"kid":"a",` + ecJWK + `},{"kid":"b","use":"enc",` + edJWK + `},1,{"kty":"oct","k":"AA"}]}`, jwt.StaticKeys{{ID: "a", Public: ec}}},
		{"a private member", `{"keys":[{"kid":"a",` + ecJWK + `},{"kid":"b","d":"` + rfcEdD + `",` + edJWK + `}]}`, jwt.StaticKeys{{ID: "a", Public: ec}}},
		{"a set with more in it", `{"issuer":"us","keys":[{` + edJWK + `}]}`, nameless(ed)},
		{"blanks around", "\r\n\t {\"keys\":[{" + edJWK + "}]} \n", nameless(ed)},
		{"one EC key", `{"kid":"a","use":"sig","alg":"ES256",` + ecJWK + `}`, jwt.StaticKeys{{ID: "a", Algorithm: "ES256", Public: ec}}},
		{"one RSA key", `{` + rsaMember + `}`, nameless(rsaKey)},
		{"one Ed25519 key, blanks around", "\n {" + edJWK + "} \r\n", nameless(ed)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jwt.ParseKeys([]byte(tt.text))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestParseKeysOfJSONRefused(t *testing.T) {
	const private = "a private key, of which nobody but its owner needs more than the public part: give that"
	tests := []struct{ name, text, want string }{
		{"an empty object", `{}`, `neither "kty" nor "keys": not a JWK and not a JWK Set`},
		{"KTY", `{"KTY":"EC"}`, `neither "kty" nor "keys": not a JWK and not a JWK Set`},
		{"a list", `[{` + ecJWK + `}]`, "neither a JWK Set, nor a JWK, nor PEM"},
		{"cut", `{"keys":[{` + ecJWK, "offset 134: the text ends too early"},
		{"more after it", `{"keys":[]} x`, "offset 12: more after the object"},
		{"PEM after it", `{` + ecJWK + "}\n" + publicPEM(t, rfcEdKey(t).Public()), "offset 127: more after the object"},
		{"keys twice", `{"keys":[],"keys":[]}`, `offset 17: duplicate member "keys"`},
		{"a member twice in one key", `{"kty":"EC","kty":"RSA"}`, `offset 17: duplicate member "kty"`},
		{"a member twice, deep down", `{` + ecJWK + `,"x":{"a":1,"a":2}}`, `offset 129: duplicate member "x"`},
		{"a member twice, deeper down", `{` + ecJWK + `,"z":{"a":1,"a":2}}`, `offset 140: duplicate member "a"`},
		{"a set and a key", `{"keys":[],` + ecJWK + `}`, `both "kty" and "keys": is it a JWK or a JWK Set?`},
		{"keys null", `{"keys":null}`, `"keys": not a list`},
		{"keys a key", `{"keys":{` + ecJWK + `}}`, `"keys": not a list`},
		{"257 keys", `{"keys":[` + strings.Repeat("{},", 256) + `{}]}`, `"keys": more than 256`},
		{"no members", `{"keys":[]}`, "there is none that is of use: it has no members"},
		{"none of use", `{"keys":[1,{"kid":"a","use":"enc"},{"kid":"b","d":"AA",` + edJWK + `}]}`,
			`there is none that is of use: key 0 "": not an object; key 1 "a": "use": not sig; key 2 "b": "d": a private key, which is private no more`},
		{"a private key", `{"d":"` + rfcECD + `",` + ecJWK + `}`, private},
		{"a private key of garbage", `{"kty":"?","d":null}`, private},
		{"a secret", `{"kty":"oct","k":"AA"}`, `"kty" oct: a shared secret is no public key`},
		{"a key for encryption", `{"use":"enc",` + ecJWK + `}`, `"use": not sig`},
		{"an alg that does not fit", `{"alg":"RS256",` + ecJWK + `}`, `"alg" "RS256": does not fit the type of the key`},
		{"a weak key", `{` + rsaJWK(1024, "AQAB") + `}`, "an RSA key of 1024 bits, not 2048 to 8192"},
		{"P-224", `{"kty":"EC","crv":"P-224","x":"` + rfcECX + `","y":"` + rfcECY + `"}`, unsupported},
		{"kty a number", `{"kty":1}`, `"kty": not a string`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jwt.ParseKeys([]byte(tt.text))
			require.EqualError(t, err, "jwt: keys: "+tt.want)
			require.Nil(t, got)
		})
	}
	_, err := jwt.ParseKeys([]byte(`{"keys":[` + strings.Repeat(`{"kid":"`+strings.Repeat("k", 300)+`"},`, 255) + `1]}`))
	require.LessOrEqual(t, len(err.Error()), 1024)
}

// Tokens of an issuer whose keys somebody wrote down.
func TestParseKeysInUse(t *testing.T) {
	issuer, other := newIssuer(t), newIssuer(t)
	sign := func(alg string, kid any) string { return issuer.Sign(alg, good(nil), object{"kid": kid}) }
	unnamed := func(kid string) answer {
		return answer{reason: authn.BadSignature, text: fmt.Sprintf("no key %q, and the signature is not one of the issuer's keys without a name that were tried", kid)}
	}
	for form, text := range map[string]string{"JWKS": string(issuer.KeySet()), "PEM": pemKeys(t, issuer)} {
		keys, err := jwt.ParseKeys([]byte(text))
		require.NoError(t, err)
		auth := newStatic(t, keys, func(c *jwt.Config, _ *jwt.Options) { c.Algorithms = allAlgorithms })
		for _, alg := range allAlgorithms {
			require.Equal(t, isUser("jane"), ask(t, auth, sign(alg, issuer.KeyID(alg))), "%s: %s", form, alg)
			require.Equal(t, isUser("jane"), ask(t, auth, sign(alg, nil)), "%s: %s without kid", form, alg)
			got, forged := ask(t, auth, sign(alg, "another")), ask(t, auth, other.Sign(alg, good(nil), nil))
			if form == "PEM" { // where there are no names
				require.Equal(t, isUser("jane"), got, alg)
				require.Equal(t, unnamed(other.KeyID(alg)), forged, alg)
			} else {
				require.Equal(t, unknownKey("another", alg), got)
				require.Equal(t, badSignature(other.KeyID(alg)), forged, alg)
			}
		}
	}
	keys, err := jwt.ParseKeys([]byte(publicPEM(t, issuer.PublicKey("RS256"))))
	require.NoError(t, err)
	require.Equal(t, unknownKey("p256-1", "ES256"), ask(t, newStatic(t, keys), sign("ES256", "p256-1")), "of no algorithm that is there")
}

// Those that have the name come first, then those that have none, each in their
// order; the rest only for tokens without "kid".
func TestStaticKeysWithoutNames(t *testing.T) {
	named := func(ids string) (keys jwt.StaticKeys) {
		for _, c := range ids {
			keys = append(keys, jwt.Key{ID: strings.TrimPrefix(strings.ToLower(string(c)), "-"), Algorithm: string(c)})
		}
		return keys
	}
	for _, tt := range []struct{ keys, id, want string }{
		// a letter is a key of that name, in either case, and - one without a name
		{"", "a", ""},
		{"-", "a", "-"},
		{"--", "a", "--"},
		{"aA", "a", "aA"},
		{"bab", "a", "a"},
		{"aba", "a", "aa"},
		{"abA", "a", "aA"},
		{"-a", "a", "a-"},
		{"-ba-A", "a", "aA--"},
		{"-b-", "a", "--"},
		{"bcb", "a", ""},
		{"-ab", "", "-ab"},
		{"ab", "", "ab"},
	} {
		set := named(tt.keys)
		got, err := set.Keys(t.Context(), tt.id)
		require.NoError(t, err)
		algorithms := ""
		for _, k := range got {
			algorithms += k.Algorithm
		}
		require.Equal(t, tt.want, algorithms, "%q of %q", tt.id, tt.keys)
		_ = append(got, jwt.Key{ID: "x"})
		require.Equal(t, named(tt.keys), set, "the caller's own")
	}
	set := named("--")
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = set.Keys(t.Context(), "a") }))
}

// However many keys have no name, a token is tried with 16 of those that fit.
func TestKeysWithoutNamesTried(t *testing.T) {
	issuer := newIssuer(t)
	own, token := issuer.PublicKey("ES256"), issuer.Sign("ES256", good(nil), object{"kid": "any"})
	others := nameless(slices.Repeat([]crypto.PublicKey{newIssuer(t).PublicKey("ES256")}, 15)...)
	unfit := nameless(issuer.PublicKey("RS256"), issuer.PublicKey("ES384"))
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, slices.Concat(unfit, others, nameless(own))), token))
	one := jwt.StaticKeys{{ID: "any", Public: others[0].Public}}
	want := badSignature("any")
	require.Equal(t, want, ask(t, newStatic(t, slices.Concat(others, one, nameless(own))), token), "the one with the name is the 16th")
	require.Equal(t, isUser("jane"), ask(t, newStatic(t, slices.Concat(others[1:], one, nameless(own))), token))
}

// Of the keys that an issuer publishes, one without a name is not tried for every
// token.
func TestPublishedKeysWithoutNames(t *testing.T) {
	issuer := newIssuer(t)
	set := `{"keys":[` + strings.Replace(memberOf(t, issuer, "p256-1"), `"kid":"p256-1"`, `"note":"none"`, 1) + `]}`
	issuer.Serve(serving(issuer, text(set)))
	auth, _ := newRemote(t, issuer)
	require.Equal(t, isUser("jane"), ask(t, auth, janeWith(issuer, object{"kid": nil})))
	require.Equal(t, unknownKey("p256-1", "ES256"), ask(t, auth, jane(issuer)))

	keys, err := jwt.ParseKeys([]byte(set))
	require.NoError(t, err)
	given := newStatic(t, keys, func(c *jwt.Config, _ *jwt.Options) { c.Issuer = issuer.URL() })
	require.Equal(t, isUser("jane"), ask(t, given, jane(issuer)))
}
