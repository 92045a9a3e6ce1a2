package x509_test

import (
	"crypto/rand"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

var (
	cn  = asn1.ObjectIdentifier{2, 5, 4, 3}
	uid = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57683, 2}
)

// ASN.1's kinds of strings that encoding/asn1 has no name for.
const (
	tagT61       = 20
	tagUniversal = 28
)

func attr(oid asn1.ObjectIdentifier, value any) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: value}
}

func raw(tag int, value string) asn1.RawValue {
	return asn1.RawValue{Tag: tag, Bytes: []byte(value)}
}

// What comes over TLS: the attributes as they are encoded, signed and parsed.
func TestSubject(t *testing.T) {
	ca := authntest.NewCA(t)
	root := "CN=" + ca.Certificate().Subject.CommonName
	names := func(attrs ...pkix.AttributeTypeAndValue) edit {
		return func(c *stdx509.Certificate) { c.Subject = pkix.Name{ExtraNames: attrs} }
	}
	set := func(attrs ...pkix.AttributeTypeAndValue) edit {
		der, err := asn1.Marshal(pkix.RDNSequence{attrs})
		require.NoError(t, err)
		return func(c *stdx509.Certificate) { c.RawSubject = der }
	}
	const (
		two     = "subject: more than one common name"
		empty   = "subject: the common name is empty or not a string"
		twoUIDs = "subject: more than one user ID"
		noUID   = "subject: the user ID is empty or not a string"
		control = "subject: the user name has the control character "
	)
	tests := []struct {
		name    string
		subject edit
		says    string // as errors quote it
		err     string
	}{
		{"two names", names(attr(cn, "ann"), attr(cn, "root")), "CN=root", two},
		{"the same name twice", names(attr(cn, "ann"), attr(cn, "ann")), "CN=ann", two},
		{"two names in one set", set(attr(cn, "ann"), attr(cn, "root")), "CN=root", two},
		{"an empty name", names(attr(cn, "")), "", empty},
		{"an empty name and another", names(attr(cn, ""), attr(cn, "ann")), "CN=ann", empty},
		{"a name and an empty one", names(attr(cn, "ann"), attr(cn, "")), "", two},
		{"NUL", names(attr(cn, "ann\x00.evil")), `CN=ann\x00.evil`, control + "U+0000 at byte 3"},
		{"line feed", names(attr(cn, "ann\nroot")), `CN=ann\nroot`, control + "U+000A at byte 3"},
		{"DEL", names(attr(cn, "ann\x7f")), `CN=ann\x7f`, control + "U+007F at byte 3"},
		{"C1", names(attr(cn, "a\u0085")), `CN=a\u0085`, control + "U+0085 at byte 1"},
		{"escape in T.61", names(attr(cn, raw(tagT61, "a\x1b"))), `CN=a\x1b`, control + "U+001B at byte 1"},
		{"two user IDs", names(attr(cn, "ann"), attr(uid, "1"), attr(uid, "2")), "CN=ann,1.3.6.1.4.1.57683.2=#130132,1.3.6.1.4.1.57683.2=#130131", twoUIDs},
		{"an empty user ID", names(attr(cn, "ann"), attr(uid, "")), "CN=ann,1.3.6.1.4.1.57683.2=#1300", noUID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused(t, x509.New(ca.Roots()), issue(ca, tt.subject), authn.InvalidUser, of(tt.says, root)+tt.err)
		})
	}
}

// What crypto/x509 does not parse, so that crypto/tls ends the handshake.
func TestSubjectNotParsed(t *testing.T) {
	key := p256(t)
	tests := []struct {
		name string
		attr pkix.AttributeTypeAndValue
		err  string
	}{
		{"name that is not UTF-8", attr(cn, raw(asn1.TagUTF8String, "ann\xff")), "invalid UTF-8 string"},
		{"name with a lone surrogate", attr(cn, raw(asn1.TagUTF8String, "\xed\xa0\x80")), "invalid UTF-8 string"},
		{"name with half a character", attr(cn, raw(asn1.TagBMPString, "\x00a\xd8\x00")), "invalid BMPString"},
		{"number for a name", attr(cn, 42), "unsupported string type: 2"},
		{"number for a user ID", attr(uid, 42), "unsupported string type: 2"},
		{"true for a user ID", attr(uid, true), "unsupported string type: 1"},
		{"four-byte characters", attr(cn, raw(tagUniversal, "\x00\x00\x00a")), "unsupported string type: 28"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tmpl := &stdx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{tt.attr}}}
			der, err := stdx509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
			require.NoError(t, err)
			_, err = stdx509.ParseCertificate(der)
			require.EqualError(t, err, "x509: invalid RDNSequence: invalid attribute value: "+tt.err)
		})
	}
}

// What a caller of CommonName with certificates of its own could pass.
func TestCommonNameByHand(t *testing.T) {
	tests := []struct {
		name  string
		attrs []pkix.AttributeTypeAndValue
		err   string
	}{
		{"name is no string", []pkix.AttributeTypeAndValue{attr(cn, 42)}, "subject: the common name is empty or not a string"},
		{"name is not UTF-8", []pkix.AttributeTypeAndValue{attr(cn, "ann\xff")}, "subject: the user name is not valid UTF-8 at byte 3"},
		{"user ID is a number", []pkix.AttributeTypeAndValue{attr(cn, "ann"), attr(uid, 42)}, "subject: the user ID is empty or not a string"},
		{"user ID is null", []pkix.AttributeTypeAndValue{attr(cn, "ann"), attr(uid, nil)}, "subject: the user ID is empty or not a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert := &stdx509.Certificate{Subject: pkix.Name{CommonName: "ann", Names: tt.attrs}}
			resp, ok, err := x509.CommonName([]*stdx509.Certificate{cert})
			require.EqualError(t, err, tt.err)
			require.Equal(t, authn.InvalidUser, authn.ReasonOf(err))
			require.False(t, ok)
			require.Nil(t, resp)
		})
	}
}
