package jose

import (
	"encoding/base64"
	"errors"
	"strings"
)

// Compact is a token in compact form (RFC 7515, section 7.1).
type Compact struct {
	Header, Payload, Signature string // encoded
	Signed                     string // the first two, which the signature is of
}

// Split returns the parts of a token, of which there must be three.
func Split(token string) (Compact, error) {
	header, rest, ok1 := strings.Cut(token, ".")
	payload, signature, ok2 := strings.Cut(rest, ".")
	if !ok1 || !ok2 || strings.IndexByte(signature, '.') >= 0 {
		return Compact{}, errors.New("not three parts with dots between them")
	}
	return Compact{header, payload, signature, token[:len(header)+1+len(payload)]}, nil
}

var base64url = base64.RawURLEncoding.Strict()

// Decode reads base64url as RFC 7515, section 2, has it: no padding, no blanks, and
// only one way to write a thing.
func Decode(encoded string) ([]byte, error) {
	decoded := make([]byte, base64url.DecodedLen(len(encoded)))
	n, err := decodeInto(decoded, encoded)
	return decoded[:n], err
}

// DecodeString is [Decode] of a text.
func DecodeString(encoded string) (string, error) {
	var few [1 << 10]byte // on the stack
	decoded := few[:]
	if n := base64url.DecodedLen(len(encoded)); n > len(few) {
		decoded = make([]byte, n)
	}
	n, err := decodeInto(decoded, encoded)
	return string(decoded[:n]), err
}

func decodeInto(decoded []byte, encoded string) (int, error) {
	if strings.IndexByte(encoded, '\n') >= 0 || strings.IndexByte(encoded, '\r') >= 0 { // which encoding/base64 passes over
		return 0, errors.New("a line break in base64url")
	}
	n, err := base64url.Decode(decoded, []byte(encoded))
	if err != nil {
		return 0, errors.New("not base64url without padding")
	}
	return n, nil
}
