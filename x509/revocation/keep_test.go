package revocation_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
)

// Whoever is on the way may hold a list back until it is stale, and then serve lists of
// others. That somebody was seen to be revoked must stay known.
func TestURLKeepsWhatWasSigned(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root, other := newRoot(t, time.Now()), newRoot(t, time.Now(), named("other"))
		bob, joe := root.issue("bob"), other.issue("joe")
		u := newURL(t, s)
		s.serve(root.crl(1, nil, bob))
		mustSay(t, u, authn.Revoked, bob, root)

		time.Sleep(25 * time.Hour)
		other.now = time.Now()
		s.serve(other.crl(1, nil))
		mustSay(t, u, authn.Revoked, bob, root)
		time.Sleep(time.Minute)
		_, err := u.Status(t.Context(), joe, other.cert)
		require.NoError(t, err)
		mustSay(t, u, authn.Revoked, bob, root)

		time.Sleep(time.Hour)
		other.now = time.Now()
		s.serve(other.crl(2, nil, joe))
		mustSay(t, u, "", joe, other)
		time.Sleep(time.Second)
		mustSay(t, u, authn.Revoked, joe, other)
		mustSay(t, u, authn.Revoked, bob, root)

		root.now = time.Now()
		time.Sleep(time.Hour)
		s.serve(bundle(root.crl(2, nil), other.crl(2, nil, joe))) // bob was on hold
		mustSay(t, u, authn.Revoked, bob, root)
		time.Sleep(time.Second)
		mustSay(t, u, "", bob, root)
	})
}

// A list that is good is not lost to one that only has the name of its authority.
func TestURLKeepsWhatIsGood(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root, forger, other := newRoot(t, time.Now()), newRoot(t, time.Now()), newRoot(t, time.Now(), named("other"))
		bob, jane, joe := root.issue("bob"), root.issue("jane"), other.issue("joe")
		u := newURL(t, s)
		s.serve(bundle(root.crl(1, nil, bob), other.crl(1, nil)))
		mustSay(t, u, authn.Revoked, bob, root)
		mustSay(t, u, "", joe, other)
		time.Sleep(12 * time.Minute)
		s.serve(bundle(forger.crl(2, nil), other.crl(2, nil, joe)))
		mustSay(t, u, "", joe, other)
		time.Sleep(time.Second)
		mustSay(t, u, authn.Revoked, bob, root)
		mustSay(t, u, "", jane, root)
	})
}

// Of two authorities with one name, the clients of one must not keep the list of the
// other from being fetched.
func TestURLTwoKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		old, root := newRoot(t, time.Now()), newRoot(t, time.Now())
		joe, jane := old.issue("joe"), root.issue("jane")
		u := newURL(t, s)
		s.serve(root.crl(1, nil))
		mustSay(t, u, "", jane, root)
		s.serve(root.crl(2, nil, jane))
		time.Sleep(12 * time.Minute)
		_, err := u.Status(t.Context(), joe, old.cert)
		require.Error(t, err)
		time.Sleep(time.Second)
		mustSay(t, u, authn.Revoked, jane, root)
	})
}

func named(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.Subject.CommonName = name }
}

// Each list of an issuer may have to be verified when somebody asks. Whoever is on the
// way could send a hundred thousand small ones beside the one that is good.
func TestURLManyLists(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root, forger := newRoot(t, time.Now()), newRoot(t, time.Now())
		jane := root.issue("jane")
		forged := forger.crl(1, nil)
		ders := [][]byte{root.crl(1, nil)}
		for len(ders) < 256 {
			ders = append(ders, forged)
		}
		u := newURL(t, s)
		s.serve(bundle(append(ders, forged)...))
		_, err := u.Status(t.Context(), jane, root.cert)
		require.EqualError(t, err, listURL+": block 257: more than 256 CRLs of \"CN=root\"")

		time.Sleep(time.Minute)
		s.serve(bundle(ders...))
		mustSay(t, u, "", jane, root)
	})
}

// A client says which certificate of its authority is in the chain, and one of them may
// not be for signing lists. What was seen with another one of the same key holds.
func TestRevokedByEitherCertificate(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server) {
		root := newRoot(t, time.Now())
		bob, jane := root.issue("bob"), root.issue("jane")
		tmpl := caTemplate("root", root.now, nil)
		tmpl.KeyUsage = x509.KeyUsageCertSign
		other := &authority{cert: certify(t, tmpl, tmpl, root.key, root.key)}
		u := newURL(t, s)
		s.serve(root.crl(1, nil, bob))
		mustSay(t, u, "", jane, root)
		mustSay(t, u, authn.Revoked, bob, other)
		mustSay(t, u, authn.Unavailable, jane, other)
	})
}
