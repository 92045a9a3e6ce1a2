package jwt

import (
	"crypto/sha256"
	"encoding/binary"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"github.com/go-jose/go-jose/v4/json"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/strictjson"
)

// Claims are the claims of a token, which was verified unless they come from
// [ParseClaims] or [Authenticator.InsecureParse]. The zero Claims have none. Names
// match to the letter.
//
// The methods return an error with the reason [authn.ClaimMissing] if the claim
// is not there or is of another type.
type Claims struct{ object strictjson.Object }

// ParseClaims reads the JSON of a token's payload, for tests of a Config.User
// and for tools.
func ParseClaims(payload string) (Claims, error) {
	object, err := strictjson.Parse(payload)
	if err != nil {
		return Claims{}, authn.Errorf(authn.Malformed, "jwt: payload: %w", err)
	}
	return Claims{object}, nil
}

// Format implements [fmt.Formatter]. It tells how many claims there are and
// nothing of them, since they end up in logs.
func (c Claims) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%d claims", len(c.object)) }

// Len returns how many claims there are.
func (c Claims) Len() int { return len(c.object) }

// Names returns the names of the claims, in the order of the token.
func (c Claims) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range c.object {
			if !yield(m.Name) {
				return
			}
		}
	}
}

// Has reports whether there is a claim of this name, be it null.
func (c Claims) Has(name string) bool { return !c.object.Get(name).Missing() }

// String returns a claim that is a string.
func (c Claims) String(name string) (string, error) {
	return get(c, name, strictjson.Value.Text)
}

// Strings returns a claim that is a list of strings, or one string.
func (c Claims) Strings(name string) ([]string, error) {
	return get(c, name, func(v strictjson.Value) ([]string, error) {
		if v.IsString() {
			text, err := v.Text()
			return []string{text}, err
		}
		return v.Texts()
	})
}

// Bool returns a claim that is true or false.
func (c Claims) Bool(name string) (bool, error) {
	return get(c, name, strictjson.Value.Bool)
}

// Time returns a claim that is a NumericDate (RFC 7519, section 2), to the
// second.
func (c Claims) Time(name string) (time.Time, error) {
	seconds, err := c.seconds(name)
	return time.Unix(seconds, 0), err
}

// maxSeconds is the last second that a time.Time can be compared at: it counts from
// the year 1.
const maxSeconds = math.MaxInt64 - 62135596800

// seconds returns a NumericDate that is an instant time.Time can hold.
func (c Claims) seconds(name string) (int64, error) {
	return get(c, name, func(v strictjson.Value) (int64, error) {
		n, err := v.Int()
		if err == nil && n > maxSeconds {
			err = errors.New("out of range")
		}
		return max(n, math.MinInt64/2), err
	})
}

// Object returns a claim that is an object, whose members are read as claims are.
func (c Claims) Object(name string) (Claims, error) {
	return get(c, name, func(v strictjson.Value) (Claims, error) {
		object, err := v.Object()
		return Claims{object}, err
	})
}

// Digest returns a SHA-256 of all the claims, in the order of the token. Two tokens
// have it in common only if all their claims are the same.
func (c Claims) Digest() [sha256.Size]byte {
	h := sha256.New()
	var length [8]byte
	for _, m := range c.object {
		for _, part := range [...]string{m.Name, string(m.Value)} {
			binary.BigEndian.PutUint64(length[:], uint64(len(part)))
			h.Write(length[:])
			io.WriteString(h, part)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// CredentialID returns what a token is called by those who revoke it, "JTI=" and
// the claim "jti", or "" if it has none that is a string.
func (c Claims) CredentialID() string {
	if id, _ := c.String("jti"); id != "" {
		return "JTI=" + id
	}
	return ""
}

// Value returns a claim of any type as encoding/json decodes it into an empty
// interface: nil, a bool, a float64, a string, a []any or a map[string]any.
func (c Claims) Value(name string) (any, error) {
	return get(c, name, strictjson.Value.Any)
}

// With returns claims that have one more, or another in its place: what a
// distributed claim turned out to be (OpenID Connect Core 1.0, section 5.6.2).
// value is encoded by encoding/json, so nil is null; an error says that it cannot
// be. c is not changed.
func (c Claims) With(name string, value any) (Claims, error) {
	text, err := stdjson.Marshal(value)
	if err != nil {
		return c, fmt.Errorf("jwt: claim %s: %w", clip.Quote(name), err)
	}
	return c.with(name, strictjson.Value(text)), nil
}

func (c Claims) with(name string, value strictjson.Value) Claims {
	object := make(strictjson.Object, 0, len(c.object)+1)
	for _, m := range c.object {
		if m.Name != name {
			object = append(object, m)
		}
	}
	return Claims{append(object, strictjson.Member{Name: name, Value: value})}
}

// WithFrom is [Claims.With] of a claim of others, which must be there.
func (c Claims) WithFrom(others Claims, name string) (Claims, error) {
	return get(others, name, func(v strictjson.Value) (Claims, error) { return c.with(name, v), nil })
}

// Decode reads a claim of any type into what a pointer points at, as
// encoding/json does but for one thing: the names of members must match to the
// letter.
func (c Claims) Decode(name string, into any) error {
	_, err := get(c, name, func(v strictjson.Value) (struct{}, error) {
		return struct{}{}, clip.Error(json.Unmarshal([]byte(v), into))
	})
	return err
}

func get[T any](c Claims, name string, read func(strictjson.Value) (T, error)) (T, error) {
	v := c.object.Get(name)
	if v.Missing() {
		var none T
		return none, authn.Errorf(authn.ClaimMissing, "claim %s: missing", clip.Quote(name))
	}
	got, err := read(v)
	if err != nil {
		return got, authn.Errorf(authn.ClaimMissing, "claim %s: %w", clip.Quote(name), err)
	}
	return got, nil
}
