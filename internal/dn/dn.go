// Package dn compares the names of certificates' issuers as people write them.
//
// One distinguished name has many spellings (RFC 4514): crypto/x509 begins with the
// last attribute, openssl with the first, and each has names of its own for types.
package dn

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Canonical returns the one spelling of a distinguished name: its attributes in
// alphabetical order. So two names are the same here that differ in the order of
// attributes only, or in the kind of string that a value is; values are compared to the
// letter. It reads the string form of RFC 4514, what crypto/x509/pkix makes, and what
// "openssl x509 -issuer" prints: blanks around separators and values in quotes.
//
// Errors hold nothing of the text.
func Canonical(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("not UTF-8")
	}
	p := &parser{text}
	var attributes []string
	for {
		attribute, err := p.attribute()
		if err != nil {
			return "", err
		}
		attributes = append(attributes, attribute)
		if p.rest == "" {
			slices.Sort(attributes)
			return strings.Join(attributes, ","), nil
		}
		p.rest = p.rest[1:] // the separator
	}
}

type parser struct{ rest string }

// attribute reads one type and its value, up to the separator.
func (p *parser) attribute() (string, error) {
	name, rest, found := strings.Cut(p.rest, "=")
	if !found {
		return "", errors.New("want TYPE=value")
	}
	name, err := typeOf(strings.Trim(name, " "))
	if err != nil {
		return "", err
	}
	p.rest = strings.TrimLeft(rest, " ")
	var value string
	switch {
	case strings.HasPrefix(p.rest, "#"):
		value, err = p.encoded()
	case strings.HasPrefix(p.rest, `"`):
		value, err = p.quoted()
	default:
		value, err = p.plain()
	}
	if err != nil {
		return "", err
	}
	return name + "=" + value, nil
}

// plain reads a value that ends with a separator (RFC 4514, section 2.4).
func (p *parser) plain() (string, error) {
	var value []byte
	solid := 0 // how much of value is not a blank that would end it
	for p.rest != "" && p.rest[0] != ',' && p.rest[0] != '+' {
		escaped := p.rest[0] == '\\'
		c, err := p.character()
		if err != nil {
			return "", err
		}
		value = append(value, c)
		if escaped || c != ' ' {
			solid = len(value)
		}
	}
	return text(value[:solid])
}

// quoted reads a value in quotes (RFC 1779, section 2.3), which openssl still prints.
func (p *parser) quoted() (string, error) {
	var value []byte
	p.rest = p.rest[1:]
	for p.rest != "" && p.rest[0] != '"' {
		c, err := p.character()
		if err != nil {
			return "", err
		}
		value = append(value, c)
	}
	if p.rest == "" {
		return "", errors.New("quotes that do not end")
	}
	p.rest = p.rest[1:]
	if err := p.separator(); err != nil {
		return "", err
	}
	return text(value)
}

const special = ` "#+,;<=>\`

// character reads a byte of a value, which a backslash may stand before.
func (p *parser) character() (byte, error) {
	c := p.rest[0]
	if c != '\\' {
		p.rest = p.rest[1:]
		return c, nil
	}
	if len(p.rest) >= 2 && strings.IndexByte(special, p.rest[1]) >= 0 {
		c, p.rest = p.rest[1], p.rest[2:]
		return c, nil
	}
	if len(p.rest) >= 3 {
		if b, err := hex.DecodeString(p.rest[1:3]); err == nil {
			p.rest = p.rest[3:]
			return b[0], nil
		}
	}
	return 0, errors.New("a backslash before something that needs none")
}

// encoded reads a value that is DER in hexadecimal.
func (p *parser) encoded() (string, error) {
	end := strings.IndexAny(p.rest, ",+ ")
	if end < 0 {
		end = len(p.rest)
	}
	der, err := hex.DecodeString(p.rest[1:end])
	p.rest = p.rest[end:]
	if err != nil || len(der) == 0 {
		return "", errors.New("after # want hexadecimal digits")
	}
	if err := p.separator(); err != nil {
		return "", err
	}
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return "", errors.New("after # want DER")
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString, asn1.TagT61String:
		if v.Class == asn1.ClassUniversal && utf8.Valid(v.Bytes) {
			return text(v.Bytes)
		}
	}
	return "#" + hex.EncodeToString(der), nil
}

// separator skips blanks up to the end of the attribute.
func (p *parser) separator() error {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.rest != "" && p.rest[0] != ',' && p.rest[0] != '+' {
		return errors.New("after a value want a comma or the end")
	}
	return nil
}

func text(value []byte) (string, error) {
	if !utf8.Valid(value) {
		return "", errors.New("not UTF-8")
	}
	return strconv.Quote(string(value)), nil
}
