package dn

import (
	"errors"
	"strings"
)

// typeOf returns the one name of an attribute type. A name that is not known is an
// error, since nobody could tell what it is the same as.
func typeOf(name string) (string, error) {
	upper := strings.ToUpper(name)
	if known, ok := names[strings.TrimPrefix(upper, "OID.")]; ok {
		return known, nil
	}
	if id := strings.TrimPrefix(upper, "OID."); isIdentifier(id) {
		return id, nil
	}
	return "", errors.New("an attribute type that is not known by this name; write its object identifier")
}

// names are what types are called by RFC 4514 (section 3), crypto/x509/pkix and
// openssl, and their object identifiers.
var names = map[string]string{
	"CN": "CN", "2.5.4.3": "CN",
	"SERIALNUMBER": "SERIALNUMBER", "2.5.4.5": "SERIALNUMBER",
	"C": "C", "2.5.4.6": "C",
	"L": "L", "2.5.4.7": "L",
	"ST": "ST", "2.5.4.8": "ST",
	"STREET": "STREET", "2.5.4.9": "STREET",
	"O": "O", "2.5.4.10": "O",
	"OU": "OU", "2.5.4.11": "OU",
	"POSTALCODE": "POSTALCODE", "2.5.4.17": "POSTALCODE",
	"DC": "DC", "0.9.2342.19200300.100.1.25": "DC",
	"UID": "UID", "0.9.2342.19200300.100.1.1": "UID",
	"EMAILADDRESS": "EMAILADDRESS", "1.2.840.113549.1.9.1": "EMAILADDRESS",
}

// isIdentifier reports whether id is numbers and dots between them, each written in
// one way (RFC 4512, section 1.4).
func isIdentifier(id string) bool {
	if !strings.Contains(id, ".") {
		return false
	}
	for number := range strings.SplitSeq(id, ".") {
		if number == "" || number != "0" && number[0] == '0' || strings.Trim(number, "0123456789") != "" {
			return false
		}
	}
	return true
}
