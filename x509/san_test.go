package x509_test

import (
	"crypto/sha256"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// The tags of a GeneralName (RFC 5280, section 4.2.1.6).
const (
	tagEmail = 1
	tagDNS   = 2
	tagURI   = 6
	tagIP    = 7
)

// alt is one subject alternative name.
func alt(tag int, text string) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(text)}
}

// sans gives a certificate these subject alternative names, as they are.
func sans(t testing.TB, names ...asn1.RawValue) edit {
	t.Helper()
	der, err := asn1.Marshal(names)
	require.NoError(t, err)
	return func(c *stdx509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}}
	}
}

// withSANs is a certificate that nobody signed, with names that crypto/x509 need not
// take.
func withSANs(t testing.TB, names ...asn1.RawValue) []*stdx509.Certificate {
	t.Helper()
	var c stdx509.Certificate
	sans(t, names...)(&c)
	c.Extensions = c.ExtraExtensions
	return []*stdx509.Certificate{&c}
}

// nameOf asks f about a certificate, and returns what became of it: a user name, an
// error, or neither.
func nameOf(t testing.TB, f x509.UserFunc, chain []*stdx509.Certificate) (name string, reason authn.Reason, text string) {
	t.Helper()
	resp, ok, err := f(chain)
	if err != nil {
		require.False(t, ok)
		require.Nil(t, resp)
		return "", authn.ReasonOf(err), err.Error()
	}
	if !ok {
		require.Nil(t, resp)
		return "", "", ""
	}
	digest := sha256.Sum256(chain[0].Raw)
	require.Equal(t, map[string][]string{"authentication.kubernetes.io/credential-id": {"X509SHA256=" + hex.EncodeToString(digest[:])}}, resp.User.GetExtra())
	require.Nil(t, resp.User.GetGroups())
	require.Empty(t, resp.User.GetUID())
	return resp.User.GetName(), "", ""
}

func TestDNSName(t *testing.T) {
	label, long := strings.Repeat("a", 63), strings.Repeat("abcd.", 48)
	const (
		outside = `: not in one of the domains ["example.org" "node.internal"]`
		empty   = ": empty, or with an empty part"
		hyphen  = ": a part begins or ends with a hyphen"
	)
	f := x509.DNSName("example.org", "Node.Internal")
	tests := []struct {
		dns    string
		want   string // "": refused
		reason authn.Reason
		err    string // after the name
	}{
		{"a.example.org", "a.example.org", "", ""},
		{"example.org", "example.org", "", ""},
		{"a.b.c.example.org", "a.b.c.example.org", "", ""},
		{"n1.node.internal", "n1.node.internal", "", ""},
		{"A.Example.ORG", "a.example.org", "", ""},
		{"a-1.example.org", "a-1.example.org", "", ""},
		{"a--b.example.org", "a--b.example.org", "", ""},
		{"xn--bcher-kva.example.org", "xn--bcher-kva.example.org", "", ""},
		{"1.example.org", "1.example.org", "", ""},
		{label + ".example.org", label + ".example.org", "", ""},
		{long + "ab.example.org", "", authn.InvalidUser, ": longer than 253 bytes"},
		{long + "a.example.org", long + "a.example.org", "", ""},
		{label + "a.example.org", "", authn.InvalidUser, ": a part is longer than 63 bytes"},
		{"example.com", "", authn.RuleFailed, outside},
		{"badexample.org", "", authn.RuleFailed, outside},
		{"example.org.evil.com", "", authn.RuleFailed, outside},
		{"org", "", authn.RuleFailed, outside},
		{"internal", "", authn.RuleFailed, outside},
		{"10.0.0.1", "", authn.RuleFailed, outside},
		{"*.example.org", "", authn.InvalidUser, `: "*" is not allowed`},
		{"a*.example.org", "", authn.InvalidUser, `: "*" is not allowed`},
		{"*", "", authn.InvalidUser, `: "*" is not allowed`},
		{"", "", authn.InvalidUser, empty},
		{".", "", authn.InvalidUser, empty},
		{".example.org", "", authn.InvalidUser, empty},
		{"a..example.org", "", authn.InvalidUser, empty},
		{"a.example.org.", "", authn.InvalidUser, empty},
		{"-a.example.org", "", authn.InvalidUser, hyphen},
		{"a-.example.org", "", authn.InvalidUser, hyphen},
		{"a.-.example.org", "", authn.InvalidUser, hyphen},
		{"a_b.example.org", "", authn.InvalidUser, `: "_" is not allowed`},
		{"a b.example.org", "", authn.InvalidUser, `: " " is not allowed`},
		{" a.example.org", "", authn.InvalidUser, `: " " is not allowed`},
		{"a.example.org:443", "", authn.InvalidUser, `: ":" is not allowed`},
		{"evil.com/.example.org", "", authn.InvalidUser, `: "/" is not allowed`},
		{"evil.com\x00.example.org", "", authn.InvalidUser, `: "\x00" is not allowed`},
		{"a\n.example.org", "", authn.InvalidUser, `: "\n" is not allowed`},
		{"bücher.example.org", "", authn.InvalidUser, `: "\xc3" is not allowed`},
		{"a\xff.example.org", "", authn.InvalidUser, `: "\xef" is not allowed`},  // U+FFFD in its place
		{"\u212a.example.org", "", authn.InvalidUser, `: "\xe2" is not allowed`}, // the Kelvin sign, whose small letter is k
		{"a@example.org", "", authn.InvalidUser, `: "@" is not allowed`},
		{"::1", "", authn.InvalidUser, `: ":" is not allowed`},
	}
	for _, tt := range tests {
		t.Run(tt.dns, func(t *testing.T) {
			name, reason, text := nameOf(t, f, withSANs(t, alt(tagDNS, tt.dns)))
			require.Equal(t, tt.want, name)
			require.Equal(t, tt.reason, reason)
			if tt.want == "" {
				require.Equal(t, "DNS SAN: "+quoted(tt.dns)+tt.err, text)
			}
		})
	}
}

func TestEmail(t *testing.T) {
	local := strings.Repeat("a", 64)
	const (
		outside = `: not in one of the domains ["example.org" "corp.example.com"]`
		empty   = ": before the @ it is empty, or has an empty part"
		domain  = ": domain: empty, or with an empty part"
	)
	f := x509.Email("Example.org", "corp.example.com")
	tests := []struct {
		email  string
		want   string
		reason authn.Reason
		err    string
	}{
		{"ann@example.org", "ann@example.org", "", ""},
		{"ann@corp.example.com", "ann@corp.example.com", "", ""},
		{"ann@EXAMPLE.ORG", "ann@example.org", "", ""},
		{"Ann.Smith@example.org", "Ann.Smith@example.org", "", ""},
		{"ann+k8s@example.org", "ann+k8s@example.org", "", ""},
		{"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", "", ""},
		{"1@example.org", "1@example.org", "", ""},
		{local + "@example.org", local + "@example.org", "", ""},
		{local + "a@example.org", "", authn.InvalidUser, ": before the @ it is longer than 64 bytes"},
		{"ann@example.com", "", authn.RuleFailed, outside},
		{"ann@mail.example.org", "", authn.RuleFailed, outside},
		{"ann@badexample.org", "", authn.RuleFailed, outside},
		{"ann@example.org.evil.com", "", authn.RuleFailed, outside},
		{"ann@org", "", authn.RuleFailed, outside},
		{"", "", authn.InvalidUser, empty},
		{"@", "", authn.InvalidUser, empty},
		{"@example.org", "", authn.InvalidUser, empty},
		{"example.org", "", authn.InvalidUser, domain},
		{"ann", "", authn.InvalidUser, domain},
		{"ann@", "", authn.InvalidUser, domain},
		{".ann@example.org", "", authn.InvalidUser, empty},
		{"ann.@example.org", "", authn.InvalidUser, empty},
		{"a..b@example.org", "", authn.InvalidUser, empty},
		{"ann@example.org.", "", authn.InvalidUser, domain},
		{"ann@.example.org", "", authn.InvalidUser, domain},
		{"ann@*.example.org", "", authn.InvalidUser, `: domain: "*" is not allowed`},
		{"ann@evil.com@example.org", "", authn.InvalidUser, `: domain: "@" is not allowed`},
		{`"ann@evil.com"@example.org`, "", authn.InvalidUser, `: "\"" is not allowed`},
		{`"ann"@example.org`, "", authn.InvalidUser, `: "\"" is not allowed`},
		{`ann\@example.org`, "", authn.InvalidUser, `: "\\" is not allowed`},
		{"Ann <ann@example.org>", "", authn.InvalidUser, `: " " is not allowed`},
		{"<ann@example.org>", "", authn.InvalidUser, `: "<" is not allowed`},
		{"ann(a)@example.org", "", authn.InvalidUser, `: "(" is not allowed`},
		{"ann@example.org,root@example.org", "", authn.InvalidUser, `: domain: "," is not allowed`},
		{"mailto:ann@example.org", "", authn.InvalidUser, `: ":" is not allowed`},
		{" ann@example.org", "", authn.InvalidUser, `: " " is not allowed`},
		{"ann@example.org ", "", authn.InvalidUser, `: domain: " " is not allowed`},
		{"ann\x00@example.org", "", authn.InvalidUser, `: "\x00" is not allowed`},
		{"ann@example.org\x00.evil.com", "", authn.InvalidUser, `: domain: "\x00" is not allowed`},
		{"ann\r\n@example.org", "", authn.InvalidUser, `: "\r" is not allowed`},
		{"änn@example.org", "", authn.InvalidUser, `: "\xc3" is not allowed`},
		{"ann@exämple.org", "", authn.InvalidUser, `: domain: "\xc3" is not allowed`},
		{"ann@[10.0.0.1]", "", authn.InvalidUser, `: domain: "[" is not allowed`},
	}
	for _, tt := range tests {
		t.Run(tt.email, func(t *testing.T) {
			name, reason, text := nameOf(t, f, withSANs(t, alt(tagEmail, tt.email)))
			require.Equal(t, tt.want, name)
			require.Equal(t, tt.reason, reason)
			if tt.want == "" {
				require.Equal(t, "email SAN: "+quoted(tt.email)+tt.err, text)
			}
		})
	}
}

// How many names of which kinds a certificate may have.
func TestSANs(t *testing.T) {
	uri, dns, email := alt(tagURI, "spiffe://example.org/a"), alt(tagDNS, "a.example.org"), alt(tagEmail, "ann@example.org")
	inside := asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tagURI, IsCompound: true, Bytes: []byte{4, 1, 'a'}}
	all := []asn1.RawValue{uri, alt(tagIP, "\x0a\x00\x00\x01"), dns, email}
	none := withSANs(t)
	tests := []struct {
		name  string
		f     x509.UserFunc
		chain []*stdx509.Certificate
		want  string
		err   string
	}{
		{"SPIFFE: among others", x509.SPIFFE("example.org"), withSANs(t, all...), "spiffe://example.org/a", ""},
		{"SPIFFE: none", x509.SPIFFE("example.org"), withSANs(t, dns, email), "", ""},
		{"SPIFFE: no names", x509.SPIFFE("example.org"), none, "", ""},
		{"SPIFFE: two", x509.SPIFFE("example.org"), withSANs(t, uri, alt(tagURI, "spiffe://example.org/b")), "", "URI SAN: more than one"},
		{"SPIFFE: twice", x509.SPIFFE("example.org"), withSANs(t, uri, dns, uri), "", "URI SAN: more than one"},
		{"SPIFFE: and another URI", x509.SPIFFE("example.org"), withSANs(t, uri, alt(tagURI, "https://example.org")), "", "URI SAN: more than one"},
		{"SPIFFE: of parts", x509.SPIFFE("example.org"), withSANs(t, inside), "", "URI SAN: the subject alternative names cannot be read"},
		{"DNSName: among others", x509.DNSName("example.org"), withSANs(t, all...), "a.example.org", ""},
		{"DNSName: none", x509.DNSName("example.org"), withSANs(t, uri, email), "", ""},
		{"DNSName: no names", x509.DNSName("example.org"), none, "", ""},
		{"DNSName: two", x509.DNSName("example.org"), withSANs(t, dns, alt(tagDNS, "b.example.org")), "", "DNS SAN: more than one"},
		{"DNSName: and one elsewhere", x509.DNSName("example.org"), withSANs(t, alt(tagDNS, "a.example.com"), dns), "", "DNS SAN: more than one"},
		{"Email: among others", x509.Email("example.org"), withSANs(t, all...), "ann@example.org", ""},
		{"Email: none", x509.Email("example.org"), withSANs(t, uri, dns), "", ""},
		{"Email: no names", x509.Email("example.org"), none, "", ""},
		{"Email: two", x509.Email("example.org"), withSANs(t, email, alt(tagEmail, "joe@example.org")), "", "email SAN: more than one"},
		{"no extension", x509.SPIFFE("example.org"), []*stdx509.Certificate{{}}, "", ""},
		{"names that are none", x509.DNSName("example.org"), []*stdx509.Certificate{{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte("a")}}}}, "", "DNS SAN: the subject alternative names cannot be read"},
		{"more after the names", x509.DNSName("example.org"), []*stdx509.Certificate{{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: []byte{48, 0, 0}}}}}, "", "DNS SAN: the subject alternative names cannot be read"},
		{"prefix", x509.DNSName("example.org").WithPrefix("host:"), withSANs(t, dns), "host:a.example.org", ""},
		{"prefix twice", x509.Email("example.org").WithPrefix("a:").WithPrefix("b:"), withSANs(t, email), "b:a:ann@example.org", ""},
		{"prefix of nobody", x509.Email("example.org").WithPrefix("a:"), withSANs(t, dns), "", ""},
		{"prefix and refused", x509.Email("example.org").WithPrefix("a:"), withSANs(t, email, email), "", "email SAN: more than one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, reason, text := nameOf(t, tt.f, tt.chain)
			require.Equal(t, tt.want, name)
			require.Equal(t, tt.err, text)
			if tt.err != "" {
				require.Equal(t, authn.InvalidUser, reason)
			}
		})
	}
}

// The funcs in an Authenticator, with certificates as they come.
func TestSANsSigned(t *testing.T) {
	ca := authntest.NewCA(t)
	a := x509.New(ca.Roots())
	root := "CN=" + ca.Certificate().Subject.CommonName
	tests := []struct {
		name string
		f    x509.UserFunc
		san  asn1.RawValue
		want string
		err  string
	}{
		{"SPIFFE", x509.SPIFFE("example.org"), alt(tagURI, "spiffe://example.org/a"), "spiffe://example.org/a", ""},
		{"SPIFFE, elsewhere", x509.SPIFFE("example.org"), alt(tagURI, "spiffe://example.com/a"), "", `URI SAN: "spiffe://example.com/a": the trust domain is not one of ["example.org"]`},
		{"SPIFFE, in capitals", x509.SPIFFE("example.org"), alt(tagURI, "SPIFFE://example.org/a"), "", `URI SAN: "SPIFFE://example.org/a": does not begin with spiffe://`},
		{"SPIFFE, an empty fragment", x509.SPIFFE("example.org"), alt(tagURI, "spiffe://example.org/a#"), "", `URI SAN: "spiffe://example.org/a#": path: "#" is not allowed`},
		{"DNSName", x509.DNSName("example.org"), alt(tagDNS, "A.example.org"), "a.example.org", ""},
		{"DNSName, elsewhere", x509.DNSName("example.org"), alt(tagDNS, "a.example.com"), "", `DNS SAN: "a.example.com": not in one of the domains ["example.org"]`},
		{"Email", x509.Email("example.org").WithPrefix("mail:"), alt(tagEmail, "ann@Example.org"), "mail:ann@example.org", ""},
		{"Email, elsewhere", x509.Email("example.org"), alt(tagEmail, "ann@example.com"), "", `email SAN: "ann@example.com": not in one of the domains ["example.org"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a.User = tt.f
			resp, ok, err := a.AuthenticateRequest(authntest.Request("", issue(ca, sans(t, tt.san))))
			if tt.err != "" {
				require.EqualError(t, err, of("CN=ann", root)+tt.err)
				require.False(t, ok)
				return
			}
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, tt.want, resp.User.GetName())
		})
	}
}

// ending is a user of somebody else's func, whose credential ends.
type ending struct{ *user.DefaultInfo }

func (ending) Expiry() time.Time { return time.Unix(42, 0) }

func TestWithPrefix(t *testing.T) {
	made := &authenticator.Response{User: ending{&user.DefaultInfo{Name: "ann", UID: "1", Groups: []string{"ops"}}}, Audiences: authenticator.Audiences{"a"}}
	f := x509.UserFunc(func([]*stdx509.Certificate) (*authenticator.Response, bool, error) { return made, true, nil })
	resp, ok, err := f.WithPrefix("ca1:")(nil)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "ca1:ann", resp.User.GetName())
	require.Equal(t, "1", resp.User.GetUID())
	require.Equal(t, []string{"ops"}, resp.User.GetGroups())
	require.Equal(t, authenticator.Audiences{"a"}, resp.Audiences)
	ends, ok := authn.ExpiryOf(resp.User)
	require.True(t, ok)
	require.Equal(t, time.Unix(42, 0), ends)
	require.Equal(t, "ann", made.User.GetName()) // that of f is as it was

	made.User = &user.DefaultInfo{Name: "ann"}
	resp, _, err = f.WithPrefix("ca1:")(nil)
	require.NoError(t, err)
	_, ok = authn.ExpiryOf(resp.User)
	require.False(t, ok)

	made.User = &user.DefaultInfo{}
	resp, ok, err = f.WithPrefix("ca1:")(nil)
	require.EqualError(t, err, "the user name is empty")
	require.Equal(t, authn.InvalidUser, authn.ReasonOf(err))
	require.False(t, ok)
	require.Nil(t, resp)

	made.User = nil // a mistake of f, for who asked to notice
	resp, ok, err = f.WithPrefix("ca1:")(nil)
	require.NoError(t, err)
	require.True(t, ok)
	require.Nil(t, resp.User)
}

func TestSANsOfNobody(t *testing.T) {
	tests := []struct {
		name string
		make func()
		text string
	}{
		{"SPIFFE: none", func() { x509.SPIFFE() }, "x509.SPIFFE: at least one trust domain is required; none would mean any"},
		{"SPIFFE: empty", func() { x509.SPIFFE("") }, `x509.SPIFFE: "": trust domain: empty`},
		{"SPIFFE: one of two", func() { x509.SPIFFE("example.org", "Example.com") }, `x509.SPIFFE: "Example.com": trust domain: "E" is not allowed`},
		{"SPIFFE: a whole ID", func() { x509.SPIFFE("spiffe://example.org") }, `x509.SPIFFE: "spiffe://example.org": trust domain: ":" is not allowed`},
		{"SPIFFE: wildcard", func() { x509.SPIFFE("*") }, `x509.SPIFFE: "*": trust domain: "*" is not allowed`},
		{"SPIFFE: port", func() { x509.SPIFFE("a:1") }, `x509.SPIFFE: "a:1": trust domain: ":" is not allowed`},
		{"DNSName: none", func() { x509.DNSName() }, "x509.DNSName: at least one domain is required; none would mean any"},
		{"DNSName: empty", func() { x509.DNSName("") }, `x509.DNSName: domain "": empty, or with an empty part`},
		{"DNSName: leading dot", func() { x509.DNSName(".example.org") }, `x509.DNSName: domain ".example.org": empty, or with an empty part`},
		{"DNSName: wildcard", func() { x509.DNSName("example.com", "*.example.org") }, `x509.DNSName: domain "*.example.org": "*" is not allowed`},
		{"Email: none", func() { x509.Email() }, "x509.Email: at least one domain is required; none would mean any"},
		{"Email: an address", func() { x509.Email("ann@example.org") }, `x509.Email: domain "ann@example.org": "@" is not allowed`},
		{"Email: with the @", func() { x509.Email("@example.org") }, `x509.Email: domain "@example.org": "@" is not allowed`},
		{"prefix: control character", func() { x509.SPIFFE("a").WithPrefix("a\n") }, "x509.UserFunc.WithPrefix: the user name has the control character U+000A at byte 1"},
		{"prefix: not UTF-8", func() { x509.SPIFFE("a").WithPrefix("\xff") }, "x509.UserFunc.WithPrefix: the user name is not valid UTF-8 at byte 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.PanicsWithValue(t, tt.text, tt.make) })
	}
}
