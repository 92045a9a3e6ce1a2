package jose_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/jose"
)

// vector is an example of an RFC: a key, and what is signed with it.
type vector struct{ name, alg, jwk, token string }

const rfcClaims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

var (
	a2 = vector{
		"RFC 7515, appendix A.2", "RS256",
		`{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`,
		"eyJhbGciOiJSUzI1NiJ9." + rfcClaims + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
	}
	a3 = vector{
		"RFC 7515, appendix A.3", "ES256",
		`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`,
		"eyJhbGciOiJFUzI1NiJ9." + rfcClaims + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
	}
	a4 = vector{
		"RFC 7515, appendix A.4", "ES512",
		`{"kty":"EC","crv":"P-521","x":"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk","y":"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"}`,
		"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
	}
	ed = vector{
		"RFC 8037, appendix A.4", "EdDSA",
		`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
	}
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// keyOf returns the key of a JWK, which must be of use.
func keyOf(t testing.TB, jwk string) jose.Key {
	t.Helper()
	keys, notes, err := jose.ParseKeySet([]byte(`{"keys":[` + jwk + `]}`))
	require.NoError(t, err)
	require.Empty(t, notes)
	require.Len(t, keys, 1)
	return keys[0]
}

func TestRFCVectors(t *testing.T) {
	for _, v := range []vector{a2, a3, a4, ed} {
		t.Run(v.name, func(t *testing.T) {
			token, err := jose.Split(v.token)
			require.NoError(t, err)
			header, err := jose.ParseHeader(token.Header)
			require.NoError(t, err)
			require.Equal(t, jose.Header{Algorithm: v.alg}, header)
			signature, err := jose.Decode(token.Signature)
			require.NoError(t, err)

			key := keyOf(t, v.jwk)
			verifies := func(alg, signed string, signature []byte) bool {
				return key.Fits(alg) && key.Verifies(alg, signed, signature)
			}
			for _, alg := range jose.Algorithms() {
				require.Equal(t, alg == v.alg, verifies(alg, token.Signed, signature), alg)
			}
			require.False(t, verifies(v.alg, token.Signed+"A", signature))
			for i := range signature {
				changed := slices.Clone(signature)
				changed[i] ^= 1
				require.False(t, verifies(v.alg, token.Signed, changed), "byte %d", i)
			}
			for _, length := range []int{0, 1, len(signature) - 1} {
				require.False(t, verifies(v.alg, token.Signed, signature[:length]), "%d bytes", length)
			}
			require.False(t, verifies(v.alg, token.Signed, append(signature, 0)))
		})
	}
}

// The examples that are none of ours to take: RFC 7515, appendices A.1 (a shared
// secret), A.5 (unsecured), A.6 and A.7 (JSON), and RFC 7516, appendix A.1
// (encrypted), the parts of which are cut.
func TestRFCRefusals(t *testing.T) {
	const (
		secret  = `{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}`
		general = `{"payload":"` + rfcClaims + `","signatures":[{"protected":"eyJhbGciOiJSUzI1NiJ9","header":{"kid":"2010-12-29"},"signature":"`
		flat    = `{"payload":"` + rfcClaims + `","protected":"eyJhbGciOiJFUzI1NiJ9","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"`
	)
	keys, notes, err := jose.ParseKeySet([]byte(`{"keys":[` + secret + `]}`))
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Equal(t, []string{`key 0 "": "kty" oct: a shared secret is no public key`}, notes)

	signatureOf := func(v vector) string { return v.token[strings.LastIndexByte(v.token, '.')+1:] }
	for name, token := range map[string]string{
		"A.6": general + signatureOf(a2) + `"},{"protected":"eyJhbGciOiJFUzI1NiJ9","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"` + signatureOf(a3) + `"}]}`,
		"A.7": flat + signatureOf(a3) + `"}`,
		"JWE": "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ",
	} {
		_, err := jose.Split(token)
		require.EqualError(t, err, "not three parts with dots between them", name)
	}
	for _, v := range []vector{
		{"A.1", "HS256", secret, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfcClaims + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		{"A.5", "none", "", "eyJhbGciOiJub25lIn0." + rfcClaims + "."},
	} {
		token, err := jose.Split(v.token)
		require.NoError(t, err)
		header, err := jose.ParseHeader(token.Header)
		require.NoError(t, err)
		require.Equal(t, v.alg, header.Algorithm)
		require.False(t, jose.Known(header.Algorithm), v.name)
		for _, of := range []vector{a2, a3, a4, ed} {
			require.False(t, keyOf(t, of.jwk).Fits(header.Algorithm), "%s: %s", v.name, of.name)
		}
	}
}
