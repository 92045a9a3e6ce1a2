package jwt_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/jwt"
)

// pemBlock returns a PEM block, with a line feed at its end.
func pemBlock(kind string, der []byte, headers map[string]string) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Headers: headers, Bytes: der}))
}

func pkixDER(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return der
}

// publicPEM returns the PUBLIC KEY block of a key.
func publicPEM(t testing.TB, key any) string {
	t.Helper()
	return pemBlock("PUBLIC KEY", pkixDER(t, key), nil)
}

func pkcs1PEM(key crypto.PublicKey) string {
	return pemBlock("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(key.(*rsa.PublicKey)), nil)
}

// pemKeys returns the PEM of all of the issuer's current keys.
func pemKeys(t testing.TB, issuer *authntest.Issuer) string {
	t.Helper()
	all := ""
	for _, key := range keysOf(issuer) {
		all += publicPEM(t, key.Public)
	}
	return all
}

func nameless(keys ...crypto.PublicKey) jwt.StaticKeys {
	var all jwt.StaticKeys
	for _, key := range keys {
		all = append(all, jwt.Key{Public: key})
	}
	return all
}

// rsaOf returns an RSA key of as many bits that nobody has the other half of.
func rsaOf(bits, e int) *rsa.PublicKey {
	n := new(big.Int).SetBit(big.NewInt(1), bits-1, 1)
	return &rsa.PublicKey{N: n, E: e}
}

func TestParsePEM(t *testing.T) {
	issuer, ca := newIssuer(t), authntest.NewCA(t)
	rsaKey, ec, p384, p521, ed := issuer.PublicKey("RS256"), issuer.PublicKey("ES256"), issuer.PublicKey("ES384"), issuer.PublicKey("ES512"), issuer.PublicKey("EdDSA")
	a, b := publicPEM(t, rsaKey), publicPEM(t, ec)
	cert := string(ca.PEM())
	tests := []struct {
		name, text string
		want       jwt.StaticKeys
	}{
		{"RSA", a, nameless(rsaKey)},
		{"RSA in PKCS 1", pkcs1PEM(rsaKey), nameless(rsaKey)},
		{"P-256", b, nameless(ec)},
		{"P-384", publicPEM(t, p384), nameless(p384)},
		{"P-521", publicPEM(t, p521), nameless(p521)},
		{"Ed25519", publicPEM(t, ed), nameless(ed)},
		{"certificate", cert, nameless(ca.Certificate().PublicKey)},
		{"all in one", a + pkcs1PEM(rsaKey) + b + cert + publicPEM(t, ed), nameless(rsaKey, rsaKey, ec, ca.Certificate().PublicKey, ed)},
		{"the same twice", a + a, nameless(rsaKey, rsaKey)},
		{"no line feed at the end", strings.TrimSpace(a), nameless(rsaKey)},
		{"CRLF", strings.ReplaceAll(a+b, "\n", "\r\n"), nameless(rsaKey, ec)},
		{"blank lines", "\n \n\t\r\n" + a + "\n\n" + b + "\n \n", nameless(rsaKey, ec)},
		{"blanks at the ends of lines", strings.ReplaceAll(a, "\n", " \t\n"), nameless(rsaKey)},
		{"one long line", "-----BEGIN PUBLIC KEY-----\n" + base64.StdEncoding.EncodeToString(pkixDER(t, rsaKey)) + "\n-----END PUBLIC KEY-----", nameless(rsaKey)},
		{"RSA of 2048 bits", publicPEM(t, rsaOf(2048, 3)), nameless(rsaOf(2048, 3))},
		{"RSA of 8192 bits", publicPEM(t, rsaOf(8192, 65537)), nameless(rsaOf(8192, 65537))},
		{"256 keys", strings.Repeat(b, 256), nameless(slices.Repeat([]crypto.PublicKey{ec}, 256)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jwt.ParseKeys([]byte(tt.text))
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

// dsaDER returns the PUBLIC KEY of a DSA key.
func dsaDER(t *testing.T) []byte {
	t.Helper()
	params, err := asn1.Marshal(struct{ P, Q, G int }{23, 11, 4})
	require.NoError(t, err)
	y, err := asn1.Marshal(8)
	require.NoError(t, err)
	der, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: y, BitLength: 8 * len(y)},
	})
	require.NoError(t, err)
	return der
}

func TestParsePEMRefused(t *testing.T) {
	issuer, ca := newIssuer(t), authntest.NewCA(t)
	key := issuer.PublicKey("RS256")
	a, b := publicPEM(t, key), publicPEM(t, issuer.PublicKey("ES256"))
	der := pkixDER(t, key)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), reader)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(reader)
	require.NoError(t, err)
	lowOrder := pkixDER(t, issuer.PublicKey("EdDSA"))
	clear(lowOrder[len(lowOrder)-32:])
	offCurve := pkixDER(t, issuer.PublicKey("ES256"))
	offCurve[len(offCurve)-1] ^= 1
	body := func(s string) string { return s[strings.Index(s, "\n")+1:] }
	const (
		cut     = ": cut off or broken"
		before  = ": something else where it should begin"
		private = ": a private key, of which nobody but its owner needs more than the public part: give that"
		kinds   = ": not a PUBLIC KEY, an RSA PUBLIC KEY or a CERTIFICATE"
	)
	tests := []struct{ name, text, want string }{
		{"nothing", "", "empty"},
		{"blanks", " \r\n\t\n", "empty"},
		{"garbage", "\x30\x82garbage\xff", "neither a JWK Set, nor a JWK, nor PEM"},
		{"DER", string(der), "neither a JWK Set, nor a JWK, nor PEM"},
		{"base64 alone", body(a[:strings.Index(a, "-----END")]), "neither a JWK Set, nor a JWK, nor PEM"},
		{"a key of SSH", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q", "neither a JWK Set, nor a JWK, nor PEM"},
		{"UTF-16", "\xff\xfe" + strings.Join(strings.Split(a, ""), "\x00"), "neither a JWK Set, nor a JWK, nor PEM"},
		{"byte order mark", "\ufeff" + a, "block 1" + before},
		{"text before", "# ours\n" + a, "block 1" + before},
		{"text between", a + "# and\n" + b, "block 2" + before},
		{"text after", a + b + "that is all\n", "block 3" + before},
		{"NUL after", a + "\x00", "block 2" + before},
		{"JSON after", a + "{}", "block 2" + before},
		{"a dash less", a + b[1:], "block 2" + before},
		{"first line lost", a + body(b), "block 2" + before},
		{"no blank after BEGIN", strings.Replace(a, "BEGIN ", "BEGIN", 1), "block 1" + before},
		{"indented", " " + strings.ReplaceAll(a, "\n", "\n "), "block 1" + cut},
		{"first line indented", " " + a, "block 1" + cut},
		{"CR alone", strings.ReplaceAll(a, "\n", "\r"), "block 1" + cut},
		{"cut in the first", a[:len(a)/2], "block 1" + cut},
		{"cut in the second", a + b[:len(b)/2], "block 2" + cut},
		{"cut in the first line of the second", a + "-----BEGIN PUB", "block 2" + cut},
		{"cut in the last line", a + strings.TrimSuffix(b, "-----\n"), "block 2" + cut},
		{"cut, then one", a[:len(a)/2] + "\n" + b, "block 1" + cut},
		{"last line with other words", strings.Replace(a, "END PUBLIC", "END PUBIC", 1) + b, "block 1" + cut},
		{"last line of another type", strings.Replace(a, "END PUBLIC KEY", "END CERTIFICATE", 1), "block 1" + cut},
		{"more in the last line", strings.TrimSuffix(a, "\n") + " x\n", "block 1" + cut},
		{"broken base64", strings.Replace(a, "\nMII", "\n!II", 1) + b, "block 1" + cut},
		{"headers", pemBlock("PUBLIC KEY", der, map[string]string{"Note": "x"}), "block 1: it has headers"},
		{"an unknown type", a + pemBlock("SECRET", der, nil), `block 2: "SECRET"` + kinds},
		{"a type in lower case", pemBlock("public key", der, nil), `block 1: "public key"` + kinds},
		{"parameters of a curve", pemBlock("EC PARAMETERS", []byte{6, 1, 1}, nil), `block 1: "EC PARAMETERS"` + kinds},
		{"trusted certificate of OpenSSL", pemBlock("TRUSTED CERTIFICATE", ca.Certificate().Raw, nil), `block 1: "TRUSTED CERTIFICATE"` + kinds},
		{"a long type", pemBlock(strings.Repeat("x", 1000), der, nil), `block 1: "` + strings.Repeat("x", 128) + `"…` + kinds},
		{"private key", a + string(authntest.KeyPEM(t, ca.Issue("ann", nil))), "block 2" + private},
		{"private RSA key", pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rfcRSAKey(t)), nil), "block 1" + private},
		{"private EC key", pemBlock("EC PRIVATE KEY", []byte{0}, nil), "block 1" + private},
		{"private key, encrypted", pemBlock("RSA PRIVATE KEY", []byte{0}, map[string]string{"Proc-Type": "4,ENCRYPTED"}), "block 1" + private},
		{"private key of SSH", pemBlock("OPENSSH PRIVATE KEY", []byte{0}, nil), "block 1" + private},
		{"empty", a + pemBlock("PUBLIC KEY", nil, nil), "block 2: asn1: syntax error: sequence truncated"},
		{"trailing bytes", pemBlock("PUBLIC KEY", append(der[:len(der):len(der)], 0), nil), "block 1: trailing data after ASN.1 of public-key"},
		{"certificate cut in its DER", pemBlock("CERTIFICATE", ca.Certificate().Raw[:100], nil), "block 1: malformed certificate"},
		{"a key called certificate", a + pemBlock("CERTIFICATE", der, nil), "block 2: malformed serial number"},
		{"PKCS 1 called PUBLIC KEY", strings.ReplaceAll(pkcs1PEM(key), "RSA PUBLIC", "PUBLIC"), "block 1: failed to parse public key (use ParsePKCS1PublicKey instead for this key format)"},
		{"PUBLIC KEY called PKCS 1", strings.ReplaceAll(a, "PUBLIC", "RSA PUBLIC"), "block 1: failed to parse public key (use ParsePKIXPublicKey instead for this key format)"},
		{"off the curve", pemBlock("PUBLIC KEY", offCurve, nil), "block 1: P256 point not on curve"},
		{"P-224", a + publicPEM(t, &p224.PublicKey), "block 2: an elliptic curve that no algorithm has"},
		{"RSA of 1024 bits", a + publicPEM(t, rsaOf(1024, 65537)), "block 2: an RSA key of 1024 bits, not 2048 to 8192"},
		{"RSA of 2047 bits in PKCS 1", pkcs1PEM(rsaOf(2047, 65537)), "block 1: an RSA key of 2047 bits, not 2048 to 8192"},
		{"RSA of 8193 bits", publicPEM(t, rsaOf(8193, 65537)), "block 1: an RSA key of 8193 bits, not 2048 to 8192"},
		{"exponent 1", publicPEM(t, rsaOf(2048, 1)), "block 1: " + exponent},
		{"exponent even", publicPEM(t, rsaOf(2048, 4)), "block 1: " + exponent},
		{"X25519", publicPEM(t, x25519.PublicKey()), "block 1: a *ecdh.PublicKey is no public key for signatures"},
		{"DSA", pemBlock("PUBLIC KEY", dsaDER(t), nil), "block 1: a *dsa.PublicKey is no public key for signatures"},
		{"Ed25519 of low order", pemBlock("PUBLIC KEY", lowOrder, nil), "block 1: an Ed25519 key of low order, which verifies what nobody has signed"},
		{"257 keys", strings.Repeat(b, 257), "more than 256 blocks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := jwt.ParseKeys([]byte(tt.text))
			require.EqualError(t, err, "jwt: keys: "+tt.want)
			require.Nil(t, got)
		})
	}
}

// Wherever PEM of two keys is cut, it is not taken for one of two, nor for one of
// one but where the first ends.
func TestPEMCutAnywhere(t *testing.T) {
	issuer := newIssuer(t)
	a, b := publicPEM(t, issuer.PublicKey("ES256")), publicPEM(t, issuer.PublicKey("EdDSA"))
	for n := range len(a+b) - 1 { // the last line feed may be missing
		got, err := jwt.ParseKeys([]byte((a + b)[:n]))
		if n == len(a)-1 || n == len(a) {
			require.NoError(t, err, n)
			require.Equal(t, nameless(issuer.PublicKey("ES256")), got, n)
			continue
		}
		require.Error(t, err, n)
		require.Nil(t, got, n)
	}
}
