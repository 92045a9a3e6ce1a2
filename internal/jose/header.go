package jose

import (
	"fmt"

	"github.com/authnchain/authnchain/internal/strictjson"
)

// MaxHeader is how many bytes the encoded header of a token may have.
const MaxHeader = 2 << 10

// Header is what counts of a token's header.
type Header struct {
	Algorithm string
	KeyID     string // empty: none
	Type      string
	Typed     bool // there is a "typ"
}

// ParseHeader reads an encoded header.
func ParseHeader(encoded string) (Header, error) {
	object, err := HeaderObject(encoded)
	if err != nil {
		return Header{}, err
	}
	return HeaderOf(object)
}

// HeaderObject returns all members of an encoded header.
func HeaderObject(encoded string) (strictjson.Object, error) {
	if len(encoded) > MaxHeader {
		return nil, fmt.Errorf("%d bytes, more than %d", len(encoded), MaxHeader)
	}
	text, err := DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	return strictjson.Parse(text)
}

// HeaderOf returns what counts of a header with these members.
func HeaderOf(o strictjson.Object) (h Header, err error) {
	for _, name := range [...]string{"crit", "b64", "zip"} {
		if !o.Get(name).Missing() {
			return h, fmt.Errorf("%q: not understood", name) // RFC 7515, section 4.1.11; RFC 7797
		}
	}
	if h.Algorithm, err = o.Get("alg").Text(); err != nil {
		return h, fmt.Errorf(`"alg": %w`, err)
	}
	if kid := o.Get("kid"); !kid.Missing() {
		if h.KeyID, err = kid.Text(); err != nil {
			return h, fmt.Errorf(`"kid": %w`, err)
		}
	}
	if typ := o.Get("typ"); !typ.Missing() {
		h.Typed = true
		if h.Type, err = typ.Text(); err != nil {
			return h, fmt.Errorf(`"typ": %w`, err)
		}
	}
	return h, nil
}
