package parity

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	authnx509 "github.com/authnchain/authnchain/x509"
)

// spiffeDifferences are where this project refuses what go-spiffe takes.
var spiffeDifferences = map[string]func(spiffeid.ID) bool{
	"no path, as authorities have it":      func(id spiffeid.ID) bool { return id.Path() == "" },
	"an ID longer than 2,048 bytes":        func(id spiffeid.ID) bool { return len(id.String()) > 2048 },
	"a trust domain longer than 255 bytes": func(id spiffeid.ID) bool { return len(id.TrustDomain().Name()) > 255 },
}

// spiffePieces are what IDs are put together from.
var spiffePieces = []string{
	"spiffe://", "spiffe:", "SPIFFE://", "//", "/", "/", "/", "/a", "/ns/b", "example.org", "a", "A", "0", "-", "_", ".", "..", "/.", "/..", "//",
	":", ":443", "@", "u@", "?", "?q", "#", "#f", "%", "%2f", "%61", "*", "~", "!", "\\", " ", "\t", "\n", "\x00", "\x7f", "é", "\xff", "[", "]", ";", ",", "+", "=", "&", "'", "\"", "|",
}

// newSPIFFEID makes a text that is a SPIFFE ID, or nearly one, or nothing like it.
func newSPIFFEID(r *rand.Rand) string {
	const domain, path = "abcxyz019-._", "abcXYZ019-._"
	text := func(from string, n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(from[r.IntN(len(from))])
		}
		return b.String()
	}
	var b strings.Builder
	b.WriteString("spiffe://")
	b.WriteString(text(domain, r.IntN(12)))
	for range r.IntN(5) {
		b.WriteString("/" + text(path, r.IntN(8)))
	}
	if r.IntN(50) == 0 {
		b.WriteString("/" + text(path, 1800+r.IntN(400)))
	}
	id := b.String()
	for range max(0, r.IntN(5)-2) { // three of five stay as they are
		i, piece := r.IntN(len(id)+1), spiffePieces[r.IntN(len(spiffePieces))]
		id = id[:i] + piece + id[min(len(id), i+r.IntN(2)):]
	}
	return id
}

// TestSPIFFE asks both sides about a table, and about texts of the generator.
func TestSPIFFE(t *testing.T) {
	ids := []string{
		"", "spiffe", "spiffe:", "spiffe:/", "spiffe://", "spiffe:///", "spiffe:///a", "spiffe://a", "spiffe://a/", "spiffe://a/b", "spiffe://a//b", "spiffe://a/b/", "spiffe://a/./b",
		"spiffe://a/../b", "spiffe://a/...", "spiffe://a/.b", "spiffe://A/b", "spiffe://a/B", "spiffe://a:1/b", "spiffe://u@a/b", "spiffe://@a/b", "spiffe://a/b?", "spiffe://a/b?c", "spiffe://a/b#",
		"spiffe://a?b", "spiffe://a#b", "spiffe://a/%62", "spiffe://%61/b", "SPIFFE://a/b", "spiffe://-/-", "spiffe://_/_", "spiffe://./b", "spiffe://a./b", "spiffe://.a/b", "spiffe://a/b\x00", "spiffe://a\x00/b",
		"spiffe://é/b", "spiffe://a/é", "spiffe://[::1]/b", "spiffe://1.2.3.4/b", " spiffe://a/b", "spiffe://a/b ", "https://a/b", "//a/b", "a/b",
		"spiffe://" + strings.Repeat("a", 255) + "/b", "spiffe://" + strings.Repeat("a", 256) + "/b",
		"spiffe://a/" + strings.Repeat("b", 2048-len("spiffe://a/")), "spiffe://a/" + strings.Repeat("b", 2049-len("spiffe://a/")),
	}
	r := random(0, 0)
	for range 100_000 {
		ids = append(ids, newSPIFFEID(r))
	}
	accepted, refused, differ := 0, 0, make(map[string]int)
	for _, id := range ids {
		theirs, err := spiffeid.FromString(id)
		if err != nil {
			refused++
			requireNoSPIFFEID(t, id, authn.InvalidUser, "example.org")
			continue
		}
		if name, differs := spiffeDifference(theirs); differs {
			differ[name]++
			requireNoSPIFFEID(t, id, authn.InvalidUser, "example.org")
			continue
		}
		accepted++
		// The same trust domain: it alone lets the ID in, and another does not.
		domain := theirs.TrustDomain().Name()
		resp, ok, err := authnx509.SPIFFE(domain)(certificateOf(t, id))
		require.NoError(t, err, "%q", id)
		require.True(t, ok)
		require.Equal(t, theirs.String(), resp.User.GetName())
		require.Equal(t, theirs.Path(), strings.TrimPrefix(resp.User.GetName(), "spiffe://"+domain))
		requireNoSPIFFEID(t, id, authn.RuleFailed, domain[:len(domain)-1]+"q", "q"+domain[1:])
	}
	t.Logf("%d accepted, %d refused, differences %v", accepted, refused, differ)
	require.Greater(t, accepted, 10_000)
	require.Greater(t, refused, 10_000)
	for name := range spiffeDifferences {
		require.NotZero(t, differ[name], name)
	}
}

func spiffeDifference(id spiffeid.ID) (string, bool) {
	for name, is := range spiffeDifferences {
		if is(id) {
			return name, true
		}
	}
	return "", false
}

func requireNoSPIFFEID(t *testing.T, id string, reason authn.Reason, trustDomains ...string) {
	t.Helper()
	_, ok, err := authnx509.SPIFFE(trustDomains...)(certificateOf(t, id))
	require.False(t, ok, "%q", id)
	require.Equal(t, reason, authn.ReasonOf(err), "%q: %v", id, err)
}

// certificateOf returns what a certificate with one URI is to a mapping.
func certificateOf(t *testing.T, uri string) []*x509.Certificate {
	t.Helper()
	const tagURI = 6 // RFC 5280, section 4.2.1.6
	names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: tagURI, Bytes: []byte(uri)}})
	require.NoError(t, err)
	return []*x509.Certificate{{Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}}}}
}
