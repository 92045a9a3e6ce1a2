package jwt

import (
	"fmt"

	"github.com/authnchain/authnchain/internal/jose"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// token is a JWS in compact form that has been read, but not verified.
type token struct {
	raw       string
	headers   *jose.Headers // that the header is remembered in once it is verified
	issuer    string        // may be looked at before the signature is verified, and nothing else
	encoded   string        // the header
	header    jose.Header
	claims    strictjson.Object
	signed    string // what the signature is of
	signature []byte
}

// parse reads a token. With an error it returns as much as it has read, which
// may be the issuer. headers may be nil.
func parse(raw string, maxBytes int, headers *jose.Headers) (token, error) {
	t := token{raw: raw, headers: headers}
	if len(raw) > maxBytes {
		return t, fmt.Errorf("%d bytes, more than %d", len(raw), maxBytes)
	}
	parts, err := jose.Split(raw)
	if err != nil {
		return t, err
	}
	t.signed, t.encoded = parts.Signed, parts.Header
	if t.claims, err = parseClaims(parts.Payload); err != nil {
		err = fmt.Errorf("payload: %w", err)
	}
	t.issuer = Claims{t.claims}.Issuer()
	if err != nil {
		return t, err
	}
	if t.header, err = headers.Parse(parts.Header); err != nil {
		return t, fmt.Errorf("header: %w", err)
	}
	if t.signature, err = jose.Decode(parts.Signature); err != nil {
		return t, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

func parseClaims(encoded string) (strictjson.Object, error) {
	payload, err := jose.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	return strictjson.Parse(payload)
}

// canonical returns an issuer as its URL. One issuer leaves the scheme out
// (OpenID Connect Core 1.0, section 15.6.2).
func canonical(issuer string) string {
	if issuer == "accounts.google.com" {
		return "https://accounts.google.com"
	}
	return issuer
}
