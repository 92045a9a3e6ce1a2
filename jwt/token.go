package jwt

import (
	"fmt"

	"github.com/authnchain/authnchain/internal/jose"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// token is a JWS in compact form that has been read, but not verified.
type token struct {
	raw       string
	issuer    string // may be looked at before the signature is verified, and nothing else
	header    jose.Header
	claims    strictjson.Object
	signed    string // what the signature is of
	signature []byte
}

// parse reads a token. With an error it returns as much as it has read, which
// may be the issuer.
func parse(raw string, maxBytes int) (*token, error) {
	t := &token{raw: raw}
	if len(raw) > maxBytes {
		return t, fmt.Errorf("%d bytes, more than %d", len(raw), maxBytes)
	}
	parts, err := jose.Split(raw)
	if err != nil {
		return t, err
	}
	t.signed = parts.Signed
	if err := t.parseClaims(parts.Payload); err != nil {
		return t, fmt.Errorf("payload: %w", err)
	}
	if t.header, err = jose.ParseHeader(parts.Header); err != nil {
		return t, fmt.Errorf("header: %w", err)
	}
	if t.signature, err = jose.Decode(parts.Signature); err != nil {
		return t, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

func (t *token) parseClaims(encoded string) error {
	payload, err := jose.Decode(encoded)
	if err != nil {
		return err
	}
	t.claims, err = strictjson.Parse(string(payload))
	issuer, _ := t.claims.Get("iss").Text()
	t.issuer = canonical(issuer)
	return err
}

// canonical returns an issuer as its URL. One issuer leaves the scheme out
// (OpenID Connect Core 1.0, section 15.6.2).
func canonical(issuer string) string {
	if issuer == "accounts.google.com" {
		return "https://accounts.google.com"
	}
	return issuer
}
