package authntest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512" // likewise
	"encoding/json"
	"maps"
	"time"
)

// Token returns a token signed with RS256. It is Sign("RS256", claims, nil).
func (i *Issuer) Token(claims map[string]any) string {
	i.t.Helper()
	return i.Sign("RS256", claims, nil)
}

// Sign returns a token (RFC 7519) in compact form (RFC 7515, section 3.1),
// signed with the current key of alg: RS256, RS384, RS512, PS256, PS384, PS512,
// ES256, ES384, ES512 (RFC 7518, section 3) or EdDSA (RFC 8037).
//
// Unless claims has its own, "iss" is the issuer, "iat" is now and "exp" an hour
// from now, by the issuer's clock. Unless header has its own, "alg", "kid" and
// "typ" tell the truth. A member that is nil is left out; for a null in the JSON
// use json.RawMessage("null"). Both maps may be nil. A header with another "alg"
// changes what the token says, not how it is signed.
func (i *Issuer) Sign(alg string, claims, header map[string]any) string {
	i.t.Helper()
	now, k := i.now(), i.key(alg)
	return i.sign(k, alg,
		i.object(header, map[string]any{"alg": alg, "kid": k.id, "typ": "JWT"}),
		i.object(claims, map[string]any{"iss": i.URL(), "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}))
}

// SignRaw returns a token of exactly these bytes, signed with the current key of
// alg, whether or not they are JSON: for tokens that must be refused.
func (i *Issuer) SignRaw(alg string, header, payload []byte) string {
	i.t.Helper()
	return i.sign(i.key(alg), alg, header, payload)
}

func (i *Issuer) sign(k key, alg string, header, payload []byte) string {
	i.t.Helper()
	signed := b64(header) + "." + b64(payload)
	sig, err := signature(k.signer, alg, []byte(signed))
	if err != nil {
		i.t.Fatalf("authntest: signing with %s: %v", alg, err)
	}
	return signed + "." + b64(sig)
}

// object returns the JSON of defaults with the members laid over them.
func (i *Issuer) object(members, defaults map[string]any) []byte {
	i.t.Helper()
	maps.Copy(defaults, members)
	maps.DeleteFunc(defaults, func(_ string, v any) bool { return v == nil })
	b, err := json.Marshal(defaults)
	if err != nil {
		i.t.Fatalf("authntest: %v", err)
	}
	return b
}

// familyOf returns the family of keys that serves alg, or "".
func familyOf(alg string) string {
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return "rsa"
	case "ES256":
		return "p256"
	case "ES384":
		return "p384"
	case "ES512":
		return "p521"
	case "EdDSA":
		return "ed25519"
	}
	return ""
}

// signature signs with alg, which familyOf has found good for signer.
func signature(signer crypto.Signer, alg string, signed []byte) ([]byte, error) {
	if alg == "EdDSA" { // RFC 8037, section 3.1
		return signer.Sign(rand.Reader, signed, crypto.Hash(0))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	h := hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch alg[:2] {
	case "ES":
		return signECDSA(signer.(*ecdsa.PrivateKey), digest)
	case "PS": // RFC 7518, section 3.5
		return signer.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	default: // RFC 7518, section 3.3
		return signer.Sign(rand.Reader, digest, hash)
	}
}

// signECDSA returns r and s side by side, each as wide as the curve's order
// (RFC 7518, section 3.4).
func signECDSA(key *ecdsa.PrivateKey, digest []byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, digest)
	if err != nil {
		return nil, err
	}
	width := (key.Params().BitSize + 7) / 8
	out := make([]byte, 2*width)
	r.FillBytes(out[:width])
	s.FillBytes(out[width:])
	return out, nil
}
