package revocation_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

// extension returns one for a list or an entry; value is what it holds.
func extension(t testing.TB, id string, critical bool, value any) pkix.Extension {
	t.Helper()
	der, ok := value.([]byte)
	if !ok {
		var err error
		der, err = asn1.Marshal(value)
		require.NoError(t, err)
	}
	oid, err := x509.ParseOID(id)
	require.NoError(t, err)
	var ints asn1.ObjectIdentifier
	raw, err := oid.MarshalBinary()
	require.NoError(t, err)
	_, err = asn1.Unmarshal(append([]byte{asn1.TagOID, byte(len(raw))}, raw...), &ints)
	require.NoError(t, err)
	return pkix.Extension{Id: ints, Critical: critical, Value: der}
}

// with returns an edit that gives a list an extension.
func with(t testing.TB, id string, critical bool, value any) func(*x509.RevocationList) {
	ext := extension(t, id, critical, value)
	return func(l *x509.RevocationList) { l.ExtraExtensions = append(l.ExtraExtensions, ext) }
}

// onEntries likewise, and what is on the list.
func onEntries(t testing.TB, id string, critical bool, value any) func(*x509.RevocationList) {
	ext := extension(t, id, critical, value)
	return func(l *x509.RevocationList) {
		for i := range l.RevokedCertificateEntries {
			l.RevokedCertificateEntries[i].ExtraExtensions = []pkix.Extension{ext}
		}
	}
}

const (
	idDelta   = "2.5.29.27"
	idScope   = "2.5.29.28"
	idUnknown = "1.2.3.4"
)

// distribution is an issuingDistributionPoint with URIs.
func distribution(uris ...string) []byte {
	var names []byte
	for _, uri := range uris {
		names = append(names, append([]byte{0x86, byte(len(uri))}, uri...)...)
	}
	for _, tag := range []byte{0xa0, 0xa0, 0x30} { // fullName, distributionPoint, SEQUENCE
		names = append([]byte{tag, byte(len(names))}, names...)
	}
	return names
}

// What becomes of jane's certificate by a file of lists.
func TestLists(t *testing.T) {
	root := newRoot(t, epoch)
	stranger := newRoot(t, epoch) // of the same name
	noSign := newRoot(t, epoch, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	noUsage := newRoot(t, epoch, func(c *x509.Certificate) { c.KeyUsage = 0 })
	jane := root.issue("jane", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://crl.example.com/7"} })
	bob := root.issue("bob")
	times := func(this, next time.Duration) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = epoch.Add(this), epoch.Add(next) }
	}
	reason := func(code int) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].ReasonCode = code }
	}
	good := root.crl(7, nil, bob)
	damaged := bytes.Clone(good)
	damaged[len(damaged)-3] ^= 1
	relative := []byte{0x30, 0x11, 0xa0, 0x0f, 0xa1, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02, 'c', 'n'}
	directory := []byte{0x30, 0x08, 0xa0, 0x06, 0xa0, 0x04, 0xa4, 0x02, 0x30, 0x00}
	endless := edited(t, good, func(_, f []asn1.RawValue) []asn1.RawValue { return slices.Delete(f, 4, 5) })
	turned := edited(t, good, func(_, f []asn1.RawValue) []asn1.RawValue { f[3], f[4] = f[4], f[3]; return f })

	const (
		name    = `CRL 7 of "CN=root"`
		revoked = `revoked on 2026-11-23T10:00:00Z, keyCompromise by ` + name
		foreign = name + `: not signed with the issuer's key`
		none    = `no CRL of its issuer that covers it`
	)
	for _, row := range []struct {
		name    string
		file    []byte
		refused string // when the file is read
		reason  authn.Reason
		text    string
	}{
		{"somebody else", good, "", "", ""},
		{"nobody at all", root.crl(7, nil), "", "", ""},
		{"in PEM", bundle(good), "", "", ""},
		{"in PEM with text", append([]byte("of the root:\n"), bundle(good)...), "", "", ""},
		{"in PEM after a zero", append([]byte("0 is its number\n"), bundle(good)...), "", "", ""},
		{"jane", root.crl(7, nil, bob, jane), "", authn.Revoked, revoked},
		{"jane, in the second list", bundle(stranger.crl(1, nil), root.crl(7, nil, jane)), "", authn.Revoked, revoked},
		{"jane, on hold", root.crl(7, reason(6), jane), "", authn.Revoked, `revoked on 2026-11-23T10:00:00Z, certificateHold by ` + name},
		{"jane, for no reason", root.crl(7, reason(0), jane), "", authn.Revoked, `revoked on 2026-11-23T10:00:00Z by ` + name},
		{"jane, taken off", root.crl(7, reason(8), jane), "", "", ""},
		{"jane, with an unknown reason", root.crl(7, reason(99), jane), "", authn.Revoked, `revoked on 2026-11-23T10:00:00Z by ` + name},
		{"stale", root.crl(7, times(-2*time.Hour, 0), bob), "", authn.Unavailable, name + `: stale since 2026-11-23T12:00:00Z`},
		{"stale in a moment", root.crl(7, times(-2*time.Hour, time.Second), bob), "", "", ""},
		{"stale, jane", root.crl(7, times(-2*time.Hour, 0), jane), "", authn.Revoked, revoked},
		{"of the future", root.crl(7, times(2*time.Minute, time.Hour), bob), name + `: not valid before 2026-11-23T12:02:00Z`, "", ""},
		{"of a clock that is a little ahead", root.crl(7, times(time.Minute, time.Hour), bob), "", "", ""},
		{"signed by another of that name", stranger.crl(7, nil, jane), "", authn.Unavailable, foreign},
		{"damaged signature", damaged, "", authn.Unavailable, foreign},
		{"of another issuer", root.intermediate("other").crl(7, nil), "", authn.Unavailable, none},
		{"for users", root.crl(7, with(t, idScope, true, []byte{0x30, 3, 0x81, 1, 0xff})), "", "", ""},
		{"for CAs", root.crl(7, with(t, idScope, true, []byte{0x30, 3, 0x82, 1, 0xff})), "", authn.Unavailable, none},
		{"for CAs, jane all the same", root.crl(7, with(t, idScope, true, []byte{0x30, 3, 0x82, 1, 0xff}), jane), "", authn.Unavailable, none},
		{"of her distribution point", root.crl(7, with(t, idScope, true, distribution("ldap:x", "http://crl.example.com/7"))), "", "", ""},
		{"of another distribution point", root.crl(7, with(t, idScope, true, distribution("http://crl.example.com/8"))), "", authn.Unavailable, none},
		{"for users and CAs", root.crl(7, with(t, idScope, true, []byte{0x30, 6, 0x81, 1, 0xff, 0x82, 1, 0xff})), name + `: issuingDistributionPoint: for no certificate at all`, "", ""},
		{"for attribute certificates", root.crl(7, with(t, idScope, true, []byte{0x30, 3, 0x85, 1, 0xff})), name + `: issuingDistributionPoint: for attribute certificates`, "", ""},
		{"for some reasons", root.crl(7, with(t, idScope, true, []byte{0x30, 4, 0x83, 2, 5, 0x20})), name + `: issuingDistributionPoint: onlySomeReasons is not supported`, "", ""},
		{"indirect", root.crl(7, with(t, idScope, true, []byte{0x30, 3, 0x84, 1, 0xff})), name + `: issuingDistributionPoint: indirect CRLs are not supported`, "", ""},
		{"indirect, not critical", root.crl(7, with(t, idScope, false, []byte{0x30, 3, 0x84, 1, 0xff})), name + `: issuingDistributionPoint: indirect CRLs are not supported`, "", ""},
		{"relative name", root.crl(7, with(t, idScope, true, relative)), name + `: issuingDistributionPoint: relative names are not supported`, "", ""},
		{"directory name", root.crl(7, with(t, idScope, true, directory)), name + `: issuingDistributionPoint: has a name, but no URI`, "", ""},
		{"no nextUpdate", endless, name + `: has no nextUpdate`, "", ""},
		{"nextUpdate before thisUpdate", turned, name + `: nextUpdate is not after thisUpdate`, "", ""},
		{"scope is garbage", root.crl(7, with(t, idScope, true, []byte("garbage"))), name + `: issuingDistributionPoint: malformed`, "", ""},
		{"delta", root.crl(7, with(t, idDelta, true, big.NewInt(6))), name + `: a delta CRL, which is not supported`, "", ""},
		{"delta, not critical", root.crl(7, with(t, idDelta, false, big.NewInt(6))), name + `: a delta CRL, which is not supported`, "", ""},
		{"critical extension", root.crl(7, with(t, idUnknown, true, 1)), name + `: the critical extension 1.2.3.4 is not known`, "", ""},
		{"other extension", root.crl(7, with(t, idUnknown, false, 1)), "", "", ""},
		{"extension twice", root.crl(7, func(l *x509.RevocationList) { with(t, idUnknown, false, 1)(l); with(t, idUnknown, false, 1)(l) }), name + `: extension 1.2.3.4 twice`, "", ""},
		{"critical extension of an entry", root.crl(7, onEntries(t, idUnknown, true, 1), bob), name + `: entry 1: the critical extension 1.2.3.4 is not known`, "", ""},
		{"other extension of an entry", root.crl(7, onEntries(t, idUnknown, false, 1), bob), "", "", ""},
		{"entry of another issuer", root.crl(7, onEntries(t, "2.5.29.29", true, 1), bob), name + `: entry 1: of another issuer: indirect CRLs are not supported`, "", ""},
		{"empty file", nil, `no CRL in it`, "", ""},
		{"garbage", []byte("garbage"), `no CRL in it`, "", ""},
		{"DER, cut", good[:len(good)-1], `malformed crl`, "", ""},
		{"DER, more", append(bytes.Clone(good), 0), name + `: bytes after its end`, "", ""},
		{"PEM, cut", bundle(good)[:200], `block 1: cut off or broken`, "", ""},
		{"PEM, the second cut", bundle(good, good)[:len(bundle(good))+100], `block 2: cut off or broken`, "", ""},
		{"PEM, the first broken", append([]byte("-----BEGIN X509 CRL-----\n"), bundle(good)...), `block 1: cut off or broken`, "", ""},
		{"PEM of a certificate", bytes.ReplaceAll(bundle(good), []byte("X509 CRL"), []byte("CERTIFICATE")), `block 1: want an X509 CRL, got another type of block`, "", ""},
		{"PEM with headers", bytes.Replace(bundle(good), []byte("CRL-----\n"), []byte("CRL-----\nA: b\n\n"), 1), `block 1: an X509 CRL has no headers`, "", ""},
		{"PEM of garbage", bundle(good, []byte("garbage")), `block 2: malformed crl`, "", ""},
		{"too long", bytes.Repeat([]byte("#"), 4001), `more than 4000 bytes`, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "crl")
			require.NoError(t, os.WriteFile(path, row.file, 0o600))
			source, err := revocation.CRLFile(path, &revocation.FileOptions{MaxBytes: 4000, Now: newClock().Now})
			if row.refused != "" {
				require.EqualError(t, err, "revocation: CRL file: "+path+": "+row.refused)
				return
			}
			require.NoError(t, err)
			_, err = source.Status(t.Context(), jane, root.cert)
			require.Equal(t, row.reason, reasonOf(err), err)
			if row.text != "" {
				require.EqualError(t, err, row.text)
			}
		})
	}
	for name, row := range map[string]struct {
		ca   *authority
		text string
	}{
		"may not sign lists": {noSign, name + `: the issuer's key usage is not cRLSign`},
		"says nothing":       {noUsage, ""},
	} {
		path := filepath.Join(t.TempDir(), "crl")
		key := *row.ca // with a certificate that lets crypto/x509 make the list
		key.cert = certify(t, caTemplate("root", epoch, nil), row.ca.cert, row.ca.key, row.ca.key)
		require.NoError(t, os.WriteFile(path, key.crl(7, nil), 0o600))
		source, err := revocation.CRLFile(path, &revocation.FileOptions{Now: newClock().Now})
		require.NoError(t, err)
		_, err = source.Status(t.Context(), row.ca.issue("jane"), row.ca.cert)
		if row.text == "" {
			require.NoError(t, err, name)
		} else {
			require.EqualError(t, err, row.text, name)
		}
	}
}

// reasonOf is authn.ReasonOf for sources, for which any error without a reason means
// that they cannot tell.
func reasonOf(err error) authn.Reason {
	if reason := authn.ReasonOf(err); reason != authn.Refused {
		return reason
	}
	return authn.Unavailable
}

// Nothing is signed with SHA-1 that counts.
func TestWeakSignature(t *testing.T) {
	root := newRoot(t, epoch)
	list := root.crl(7, nil)
	weak := signedWithSHA1(t, list)
	_, err := revocation.ParseLists(weak)
	require.EqualError(t, err, `CRL 7 of "CN=root": signed with ECDSA-SHA1, which is too weak`)
}

// signedWithSHA1 returns a list whose two algorithms are ecdsa-with-SHA1.
func signedWithSHA1(t *testing.T, der []byte) []byte {
	sha1, err := asn1.Marshal(pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}})
	require.NoError(t, err)
	return edited(t, der, func(outer, fields []asn1.RawValue) []asn1.RawValue {
		outer[1], fields[1] = asn1.RawValue{FullBytes: sha1}, asn1.RawValue{FullBytes: sha1}
		return fields
	})
}

// edited returns a list with other fields, whose signature is not good any more: version,
// algorithm, issuer, thisUpdate, nextUpdate, and so on. The outer ones are the list,
// algorithm and signature.
func edited(t *testing.T, der []byte, edit func(outer, fields []asn1.RawValue) []asn1.RawValue) []byte {
	t.Helper()
	var outer, fields []asn1.RawValue
	_, err := asn1.Unmarshal(der, &outer)
	require.NoError(t, err)
	_, err = asn1.Unmarshal(outer[0].FullBytes, &fields)
	require.NoError(t, err)
	fields = edit(outer, fields)
	outer[0].FullBytes, err = asn1.Marshal(fields)
	require.NoError(t, err)
	der, err = asn1.Marshal(outer)
	require.NoError(t, err)
	return der
}

// A serial number is one whatever its length.
func TestSerials(t *testing.T) {
	root := newRoot(t, epoch)
	random, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 150))
	require.NoError(t, err)
	serials := []*big.Int{
		big.NewInt(1), big.NewInt(256), big.NewInt(65536), random,
		new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(1)),
		new(big.Int).Lsh(big.NewInt(1), 160),
		new(big.Int).Lsh(big.NewInt(1), 240),
	}
	for i, revoked := range serials {
		path := filepath.Join(t.TempDir(), "crl")
		require.NoError(t, os.WriteFile(path, root.crl(7, nil, &x509.Certificate{SerialNumber: revoked}), 0o600))
		source, err := revocation.CRLFile(path, &revocation.FileOptions{Now: newClock().Now})
		require.NoError(t, err)
		for j, serial := range serials {
			_, err := source.Status(t.Context(), &x509.Certificate{SerialNumber: serial, RawIssuer: root.cert.RawSubject}, root.cert)
			require.Equal(t, i == j, err != nil, "%x by a list with %x", serial, revoked)
		}
	}
}
