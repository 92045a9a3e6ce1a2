package parity

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

// signatureGroup is a group of Wycheproof's vectors for bare signatures of one key.
type signatureGroup struct {
	Type      string
	SHA       string
	MGFSHA    string `json:"mgfSha"`
	SaltBytes int    `json:"sLen"`
	PublicKey struct {
		Curve                   string
		Modulus, PublicExponent hexBytes
		WX, WY, PK              hexBytes
	}
	Tests []signatureVector
}

type signatureVector struct {
	ID       int `json:"tcId"`
	Flags    []string
	Msg, Sig hexBytes
	Result   string
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.AppendDecode(nil, text)
	return err
}

// curves are those of JOSE, with the length of a coordinate.
var curves = map[string]struct {
	name string
	size int
}{"secp256r1": {"P-256", 32}, "secp384r1": {"P-384", 48}, "secp521r1": {"P-521", 66}}

// key returns the key of a group, from a key set.
func (g signatureGroup) key(t *testing.T) jose.Key {
	t.Helper()
	p, jwk := g.PublicKey, map[string]string(nil)
	switch curve := curves[p.Curve]; {
	case p.Modulus != nil:
		jwk = map[string]string{"kty": "RSA", "n": p.Modulus.base64(0), "e": p.PublicExponent.base64(0)}
	case p.PK != nil:
		jwk = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": p.PK.base64(32)}
	default:
		jwk = map[string]string{"kty": "EC", "crv": curve.name, "x": p.WX.base64(curve.size), "y": p.WY.base64(curve.size)}
	}
	set, err := json.Marshal(map[string]any{"keys": []any{jwk}})
	require.NoError(t, err)
	keys, notes, err := jose.ParseKeySet(set)
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Len(t, keys, 1)
	return keys[0]
}

// base64 returns a number, which the corpus writes with more zeros before it or fewer,
// with size bytes; or as it is.
func (h hexBytes) base64(size int) string {
	if size > 0 {
		h = new(big.Int).SetBytes(h).FillBytes(make([]byte, size))
	}
	return base64.RawURLEncoding.EncodeToString(h)
}

// isOf reports whether the signatures of a group are made as an algorithm makes them
// (RFC 7518, sections 3.3 to 3.5; RFC 8037, section 3.1).
func (g signatureGroup) isOf(alg string) bool {
	saltBytes := map[string]int{"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}[g.SHA]
	switch g.Type {
	case "EddsaVerify":
		return alg == "EdDSA"
	case "RsassaPkcs1Verify":
		return alg == "RS"+g.SHA[4:]
	case "RsassaPssVerify":
		return alg == "PS"+g.SHA[4:] && g.MGFSHA == g.SHA && g.SaltBytes == saltBytes
	case "EcdsaP1363Verify":
		curve := map[string]string{"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}[alg]
		return alg == "ES"+g.SHA[4:] && g.PublicKey.Curve == curve
	}
	return false
}

// acceptable has what becomes of vectors that may be accepted or not, by their flag.
var acceptable = map[string]bool{
	"MissingNull": false, // a DigestInfo without the NULL that RFC 8017, appendix A.2.4, wants
}

func (v signatureVector) valid(t *testing.T) bool {
	t.Helper()
	if v.Result == "acceptable" {
		require.Len(t, v.Flags, 1)
		require.Contains(t, acceptable, v.Flags[0])
		return acceptable[v.Flags[0]]
	}
	return v.Result == "valid"
}

// rightElsewhere are vectors that are invalid where they are, for a salt or a hash
// that is the algorithm's own.
var rightElsewhere = map[string]int{"rsa_pss_2048_sha256_mgf1_0": 69, "rsa_signature_2048_sha512_256": 221}

// TestWycheproofSignatures wants a key to verify the valid signatures that are of the
// algorithm, and no other.
func TestWycheproofSignatures(t *testing.T) {
	tests := []struct {
		file, alg       string
		tests, verified int
	}{
		{"ecdsa_secp256r1_sha256_p1363", "ES256", 262, 173},
		{"ecdsa_secp384r1_sha384_p1363", "ES384", 280, 193},
		{"ecdsa_secp521r1_sha512_p1363", "ES512", 318, 231},
		{"ecdsa_secp256r1_sha512_p1363", "ES256", 332, 0}, // another hash
		{"ecdsa_secp256r1_sha256", "ES256", 484, 0},       // DER
		{"ecdsa_secp384r1_sha384", "ES384", 504, 0},
		{"ecdsa_secp521r1_sha512", "ES512", 542, 0},
		{"ed25519", "EdDSA", 151, 88},
		{"rsa_signature_2048_sha256", "RS256", 259, 9},
		{"rsa_signature_2048_sha384", "RS384", 258, 7},
		{"rsa_signature_2048_sha512", "RS512", 259, 8},
		{"rsa_signature_3072_sha256", "RS256", 259, 8},
		{"rsa_signature_3072_sha384", "RS384", 259, 7},
		{"rsa_signature_3072_sha512", "RS512", 260, 8},
		{"rsa_signature_4096_sha256", "RS256", 258, 7},
		{"rsa_signature_4096_sha384", "RS384", 259, 7},
		{"rsa_signature_4096_sha512", "RS512", 259, 7},
		{"rsa_signature_8192_sha256", "RS256", 258, 7},
		{"rsa_signature_8192_sha384", "RS384", 259, 7},
		{"rsa_signature_8192_sha512", "RS512", 259, 7},
		{"rsa_signature_2048_sha512_256", "RS256", 257, 1}, // another hash of the same size
		{"rsa_pss_2048_sha256_mgf1_32", "PS256", 108, 63},
		{"rsa_pss_3072_sha256_mgf1_32", "PS256", 108, 63},
		{"rsa_pss_4096_sha256_mgf1_32", "PS256", 108, 63},
		{"rsa_pss_2048_sha384_mgf1_48", "PS384", 141, 95},
		{"rsa_pss_4096_sha384_mgf1_48", "PS384", 141, 95},
		{"rsa_pss_4096_sha512_mgf1_64", "PS512", 179, 132},
		{"rsa_pss_2048_sha256_mgf1_0", "PS256", 103, 1},      // no salt
		{"rsa_pss_4096_sha512_mgf1_32", "PS512", 177, 0},     // a short one
		{"rsa_pss_2048_sha256_mgf1sha1_20", "PS256", 108, 0}, // another mask
		{"rsa_pss_misc", "PS256", 150, 1},                    // every hash with every mask and salt
		{"rsa_pss_misc", "PS384", 150, 1},
		{"rsa_pss_misc", "PS512", 150, 1},
	}
	for _, tt := range tests {
		t.Run(tt.file+" "+tt.alg, func(t *testing.T) {
			verified := 0
			for _, g := range groupsOf[signatureGroup](t, tt.file+"_test.json", tt.tests) {
				key := g.key(t)
				require.True(t, key.Fits(tt.alg))
				for _, v := range g.Tests {
					want := v.valid(t) && g.isOf(tt.alg) || v.ID == rightElsewhere[tt.file]
					got := key.Verifies(tt.alg, string(v.Msg), v.Sig)
					require.Equal(t, want, got, v.ID)
					if got {
						verified++
					}
				}
			}
			require.Equal(t, tt.verified, verified)
		})
	}
}
