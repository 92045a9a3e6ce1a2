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
	first, last := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	if first < 0 || first == last || strings.IndexByte(token[first+1:last], '.') >= 0 {
		return Compact{}, errors.New("not three parts with dots between them")
	}
	return Compact{token[:first], token[first+1 : last], token[last+1:], token[:last]}, nil
}

var base64url = base64.RawURLEncoding.Strict()

// Decode reads base64url as RFC 7515, section 2, has it: no padding, no blanks, and
// only one way to write a thing.
func Decode(encoded string) ([]byte, error) {
	if strings.ContainsAny(encoded, "\r\n") { // which encoding/base64 passes over
		return nil, errors.New("a line break in base64url")
	}
	decoded, err := base64url.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("not base64url without padding")
	}
	return decoded, nil
}
