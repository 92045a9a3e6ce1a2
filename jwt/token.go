package jwt

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/authnchain/authnchain/internal/strictjson"
)

// maxHeader is how many bytes the encoded header of a token may have.
const maxHeader = 2 << 10

// token is a JWS in compact form that has been read, but not verified.
type token struct {
	raw       string
	issuer    string // may be looked at before the signature is verified, and nothing else
	header    header
	claims    strictjson.Object
	signed    string // what the signature is of
	signature []byte
}

type header struct {
	algorithm string
	keyID     string // empty: none
	typ       string
	typed     bool // there is a typ
}

// parse reads a token. With an error it returns as much as it has read, which
// may be the issuer.
func parse(raw string, maxBytes int) (*token, error) {
	t := &token{raw: raw}
	if len(raw) > maxBytes {
		return t, fmt.Errorf("%d bytes, more than %d", len(raw), maxBytes)
	}
	first, last := strings.IndexByte(raw, '.'), strings.LastIndexByte(raw, '.')
	if first < 0 || first == last || strings.IndexByte(raw[first+1:last], '.') >= 0 {
		return t, errors.New("not three parts with dots between them") // RFC 7515, section 7.1
	}
	t.signed = raw[:last]
	if err := t.parseClaims(raw[first+1 : last]); err != nil {
		return t, fmt.Errorf("payload: %w", err)
	}
	if err := t.parseHeader(raw[:first]); err != nil {
		return t, fmt.Errorf("header: %w", err)
	}
	var err error
	if t.signature, err = decode(raw[last+1:]); err != nil {
		return t, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

func (t *token) parseClaims(encoded string) error {
	payload, err := decode(encoded)
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

func (t *token) parseHeader(encoded string) error {
	if len(encoded) > maxHeader {
		return fmt.Errorf("%d bytes, more than %d", len(encoded), maxHeader)
	}
	text, err := decode(encoded)
	if err != nil {
		return err
	}
	h, err := strictjson.Parse(string(text))
	if err != nil {
		return err
	}
	for _, name := range [...]string{"crit", "b64", "zip"} {
		if !h.Get(name).Missing() {
			return fmt.Errorf("%q: not understood", name) // RFC 7515, section 4.1.11; RFC 7797
		}
	}
	if t.header.algorithm, err = h.Get("alg").Text(); err != nil {
		return fmt.Errorf(`"alg": %w`, err)
	}
	if kid := h.Get("kid"); !kid.Missing() {
		if t.header.keyID, err = kid.Text(); err != nil {
			return fmt.Errorf(`"kid": %w`, err)
		}
	}
	if typ := h.Get("typ"); !typ.Missing() {
		t.header.typed = true
		if t.header.typ, err = typ.Text(); err != nil {
			return fmt.Errorf(`"typ": %w`, err)
		}
	}
	return nil
}

var base64url = base64.RawURLEncoding.Strict()

// decode reads base64url as RFC 7515, section 2, has it: no padding, no blanks,
// and only one way to write a thing.
func decode(encoded string) ([]byte, error) {
	if strings.ContainsAny(encoded, "\r\n") { // which encoding/base64 passes over
		return nil, errors.New("a line break in base64url")
	}
	decoded, err := base64url.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("not base64url without padding")
	}
	return decoded, nil
}
