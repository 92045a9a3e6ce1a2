package dn_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/internal/dn"
)

const (
	errNone    = "want TYPE=value"
	errType    = "an attribute type that is not known by this name; write its object identifier"
	errEscape  = "a backslash before something that needs none"
	errQuotes  = "quotes that do not end"
	errAfter   = "after a value want a comma or the end"
	errHex     = "after # want hexadecimal digits"
	errDER     = "after # want DER"
	errNotUTF8 = "not UTF-8"
)

func TestCanonical(t *testing.T) {
	for _, tt := range []struct{ text, want, err string }{
		{"CN=ca", `CN="ca"`, ""},
		{"cn=ca", `CN="ca"`, ""},
		{"CN=ca,O=x", `CN="ca",O="x"`, ""},
		{"O=x,CN=ca", `CN="ca",O="x"`, ""},
		{"O=x+CN=ca", `CN="ca",O="x"`, ""},
		{"O = x, CN = ca", `CN="ca",O="x"`, ""},
		{"  O  =  x  ,  CN  =  ca  ", `CN="ca",O="x"`, ""},
		{"O=a,O=b,O=a", `O="a",O="a",O="b"`, ""},
		{"CN=CA", `CN="CA"`, ""},
		{"CN=a  b", `CN="a  b"`, ""},
		{"CN=", `CN=""`, ""},
		{"CN=,O=x", `CN="",O="x"`, ""},
		{`CN=a\,b`, `CN="a,b"`, ""},
		{`CN=a\+b`, `CN="a+b"`, ""},
		{`CN=\ a\ `, `CN=" a "`, ""},
		{`CN=\ a\  `, `CN=" a "`, ""},
		{`CN=\#a`, `CN="#a"`, ""},
		{`CN=a#b`, `CN="a#b"`, ""},
		{`CN=a=b`, `CN="a=b"`, ""},
		{`CN=a"b`, `CN="a\"b"`, ""},
		{`CN=a\"\\b`, `CN="a\"\\b"`, ""},
		{`CN=\C3\A4`, `CN="ä"`, ""},
		{`CN=ä`, `CN="ä"`, ""},
		{`CN=\00`, `CN="\x00"`, ""},
		{`CN="a, b"`, `CN="a, b"`, ""},
		{`O = "Example, Inc." , CN = ca`, `CN="ca",O="Example, Inc."`, ""},
		{`CN="a\"b"`, `CN="a\"b"`, ""},
		{"OID.2.5.4.3=ca", `CN="ca"`, ""},
		{"oid.2.5.4.3=ca", `CN="ca"`, ""},
		{"2.5.4.3=ca", `CN="ca"`, ""},
		{"emailAddress=a@b", `EMAILADDRESS="a@b"`, ""},
		{"1.2.840.113549.1.9.1=#160361", "", errDER},
		{"1.2.840.113549.1.9.1=#1603614062", `EMAILADDRESS="a@b"`, ""},
		{"DC=example,DC=com", `DC="com",DC="example"`, ""},
		{"0.9.2342.19200300.100.1.25=#16076578616d706c65 , DC=com", `DC="com",DC="example"`, ""},
		{"1.2.3=#0c0161", `1.2.3="a"`, ""},
		{"1.2.3=a", `1.2.3="a"`, ""},
		{"1.2.3=#020101", `1.2.3=#020101`, ""},
		{"1.2.3=#0C0161", `1.2.3="a"`, ""},
		{"1.2.3=#0c01ff", `1.2.3=#0c01ff`, ""},
		{"1.2.3=#8c0161", `1.2.3=#8c0161`, ""},

		{"", "", errNone},
		{"ca", "", errNone},
		{"/C=DE/CN=ca", "", errType},
		{"=ca", "", errType},
		{"CN=ca,", "", errNone},
		{",CN=ca", "", errType},
		{"CN=ca,,O=x", "", errType},
		{"CN=ca;O=x", `CN="ca;O=x"`, ""},
		{"Common Name=ca", "", errType},
		{"2.5.4.03=ca", "", errType},
		{"2..5=ca", "", errType},
		{"2=ca", "", errType},
		{"2.x=ca", "", errType},
		{`CN=a\`, "", errEscape},
		{`CN=a\x`, "", errEscape},
		{`CN=a\4`, "", errEscape},
		{`CN=\ff`, "", errNotUTF8},
		{"CN=\xff", "", errNotUTF8},
		{`CN="a`, "", errQuotes},
		{`CN="a\"`, "", errQuotes},
		{`CN="a\x"`, "", errEscape},
		{`CN="a"b`, "", errAfter},
		{`CN="\ff"`, "", errNotUTF8},
		{"CN=#", "", errHex},
		{"CN=#0", "", errHex},
		{"CN=#xy", "", errHex},
		{"CN=#0c0161 b", "", errAfter},
		{"CN=#0c016161", "", errDER},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := dn.Canonical(tt.text)
			require.Equal(t, tt.want, got)
			if tt.err == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, tt.err)
			}
		})
	}
}

// attributes are what the fuzzer makes names of.
var attributes = []struct {
	id   asn1.ObjectIdentifier
	name string
}{
	{asn1.ObjectIdentifier{2, 5, 4, 3}, "CN"}, {asn1.ObjectIdentifier{2, 5, 4, 10}, "O"}, {asn1.ObjectIdentifier{2, 5, 4, 11}, "OU"},
	{asn1.ObjectIdentifier{2, 5, 4, 8}, "ST"}, {asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, "DC"},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, "EMAILADDRESS"}, {asn1.ObjectIdentifier{1, 2, 3}, "1.2.3"},
}

// FuzzCanonical reads names that crypto/x509/pkix has written, whose attributes are
// known; and any two, of which it does not matter which is first.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{"ca", "a,b", " a ", "#a", "ä", `\`, `"`, "a+b=c;<>", "\x00", "CN=ca", `O="x"`, "1.2.3=#0c0161"} {
		f.Add(seed, "x", uint(0))
		f.Add("x", seed, uint(12345))
	}
	f.Fuzz(func(t *testing.T, a, b string, pick uint) {
		_, errA := dn.Canonical(a)
		_, errB := dn.Canonical(b)
		if errA == nil && errB == nil {
			one, err := dn.Canonical(a + "," + b)
			require.NoError(t, err)
			other, err := dn.Canonical(b + "+" + a)
			require.NoError(t, err)
			require.Equal(t, one, other)
		}
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		var sequence pkix.RDNSequence
		var want []string
		for _, value := range []string{a, b, a + b} {
			kind := attributes[pick%uint(len(attributes))]
			pick /= uint(len(attributes))
			sequence = append(sequence, pkix.RelativeDistinguishedNameSET{{Type: kind.id, Value: value}})
			want = append(want, kind.name+"="+strconv.Quote(value))
		}
		slices.Sort(want)
		got, err := dn.Canonical(sequence.String())
		require.NoError(t, err, sequence.String())
		require.Equal(t, strings.Join(want, ","), got)
		slices.Reverse(sequence)
		again, err := dn.Canonical(sequence.String())
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}
