package authn

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/authnchain/authnchain/internal/dn"
)

// Revocation is an entry of a deny list: a credential that was taken back, or all those
// of a user. It is one of Credential, Serial with Issuer, and User.
type Revocation struct {
	// Credential is what a credential is called in the extra attribute
	// authentication.kubernetes.io/credential-id of its user: "X509SHA256=" and the
	// SHA-256 of a certificate in hexadecimal, "JTI=" and the claim "jti" of a token, or
	// as an authenticator of your own has it. A "jti" is denied whoever issued it.
	Credential string

	// Serial is the serial number of a certificate, in hexadecimal, and Issuer the name
	// of who issued it, as RFC 4514 writes it. The order of its attributes does not
	// matter.
	Serial, Issuer string

	// User is whose credentials are denied, whatever they are.
	User string

	// Before, with User, is when a credential must have been issued to be good again
	// ([IssuedOf]). One of which that is not known is denied. The zero time denies all.
	Before time.Time

	// Until is when the entry does not count any more, such as when the credential has
	// expired anyway. The zero time means that it counts for ever.
	Until time.Time
}

// ParseRevocation reads an entry as [RevocationFile] has it in a line.
func ParseRevocation(line string) (Revocation, error) {
	r, some, err := parseRevocation(line)
	if err == nil && !some {
		err = errors.New("empty")
	}
	if err != nil {
		return Revocation{}, fmt.Errorf("authn: revocation: %w", err)
	}
	return r, nil
}

// String returns the line for r that [ParseRevocation] reads.
func (r Revocation) String() string {
	var line string
	switch {
	case r.Credential != "":
		line = "credential " + word(r.Credential)
	case r.User != "":
		line = "user " + word(r.User)
	default:
		line = "certificate " + word(r.Serial) + " " + word(r.Issuer)
	}
	if !r.Before.IsZero() {
		line += " before " + r.Before.Format(time.RFC3339Nano)
	}
	if !r.Until.IsZero() {
		line += " until " + r.Until.Format(time.RFC3339Nano)
	}
	return line
}

// word returns s in quotes unless it may stand without.
func word(s string) string {
	if s == "" || s[0] == '#' || checkBare(s) != nil {
		return strconv.Quote(s)
	}
	return s
}

// checkBare says why s must be in quotes.
func checkBare(s string) error {
	for _, r := range s {
		switch {
		case r == '"' || r == '`':
			return errors.New("a quote inside a word; put all of the word in quotes")
		case r == ' ' || !unicode.IsPrint(r):
			return errors.New("a character that cannot be seen; put the word in quotes")
		}
	}
	return nil
}

// checked returns r in the one way that it is compared in, or what is wrong with it.
// Errors hold nothing of it, which may be a token that somebody took for its id.
func (r Revocation) checked() (Revocation, error) {
	kinds := 0
	for _, given := range [...]bool{r.Credential != "", r.Serial != "" || r.Issuer != "", r.User != ""} {
		if given {
			kinds++
		}
	}
	if kinds != 1 {
		return r, errors.New("want one of a credential, a serial number with an issuer, and a user")
	}
	var err error
	switch {
	case r.Credential != "":
		r.Credential, err = checkedID(r.Credential)
	case r.User != "":
		err = CheckName(r.User)
	default:
		r.Serial, err = checkedSerial(r.Serial)
		if err == nil {
			err = checkIssuer(r.Issuer)
		}
	}
	if err == nil && r.User == "" && !r.Before.IsZero() {
		err = errors.New("only those of a user are denied by when they were issued")
	}
	r.Before, r.Until = r.Before.UTC(), r.Until.UTC()
	if err == nil && (!writable(r.Before) || !writable(r.Until)) {
		err = errNoTime
	}
	return r, err
}

// writable reports whether RFC 3339 can write t.
func writable(t time.Time) bool { return t.Year() >= 0 && t.Year() <= 9999 }

var errNoTime = errors.New("want a time such as 2026-11-24T12:00:00Z (RFC 3339)")

// checkedID is the id of a credential, which no mistake that is easily made must keep
// from being found.
func checkedID(id string) (string, error) {
	kind, value, ok := strings.Cut(id, "=")
	switch {
	case !ok || kind == "" || value == "" || strings.Trim(kind, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "":
		return id, errors.New("a credential is called X509SHA256=…, JTI=… or, in capitals, by another kind")
	case !utf8.ValidString(value):
		return id, errors.New("the credential's id is not UTF-8")
	case !strings.HasPrefix(kind, "X509"):
		return id, nil
	}
	if digest, err := hex.DecodeString(value); kind != "X509SHA256" || err != nil || len(digest) != 32 {
		return id, errors.New("a certificate is called X509SHA256= and 64 hexadecimal digits, without colons")
	}
	return kind + "=" + strings.ToLower(value), nil
}

const maxSerial = 64 // hexadecimal digits; RFC 5280, section 4.1.2.2, has 40

func checkedSerial(serial string) (string, error) {
	if serial == "" || len(serial) > maxSerial || strings.Trim(serial, "0123456789abcdefABCDEF") != "" {
		return serial, errors.New("a serial number is up to 64 hexadecimal digits, without colons")
	}
	serial = strings.TrimLeft(strings.ToLower(serial), "0")
	if serial == "" {
		return "0", nil
	}
	return serial, nil
}

func checkIssuer(issuer string) error {
	if _, err := dn.Canonical(issuer); err != nil {
		return fmt.Errorf("the issuer: %w", err)
	}
	return nil
}
