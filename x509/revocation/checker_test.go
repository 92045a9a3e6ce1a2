package revocation_test

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/x509/revocation"
)

// source is a func that is one.
type source func(cert, issuer *x509.Certificate) (time.Time, error)

func (f source) Status(_ context.Context, cert, issuer *x509.Certificate) (time.Time, error) {
	return f(cert, issuer)
}

// saying returns a source that says the same of all, for an hour if it is good.
func saying(err error) source {
	return func(*x509.Certificate, *x509.Certificate) (time.Time, error) { return epoch.Add(time.Hour), err }
}

// The first source that can tell is believed.
func TestSources(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	good, gone, silent := saying(nil), saying(authn.Errorf(authn.Revoked, "on a list")), saying(errors.New("no list"))
	late := saying(&authn.Error{Reason: authn.Unavailable, Err: errors.New("too late")})
	const who = `revocation: certificate of "CN=jane", serial 1, issued by "CN=root": `
	for _, row := range []struct {
		name    string
		sources []revocation.Source
		policy  revocation.Policy
		reason  authn.Reason
		text    string
	}{
		{"good", []revocation.Source{good}, revocation.Refuse, "", ""},
		{"revoked", []revocation.Source{gone}, revocation.Refuse, authn.Revoked, who + "on a list"},
		{"revoked, whatever the policy", []revocation.Source{gone}, revocation.Accept, authn.Revoked, who + "on a list"},
		{"good first", []revocation.Source{good, gone}, revocation.Refuse, "", ""},
		{"revoked first", []revocation.Source{gone, good}, revocation.Refuse, authn.Revoked, who + "on a list"},
		{"the second can tell", []revocation.Source{silent, gone}, revocation.Accept, authn.Revoked, who + "on a list"},
		{"the third can tell", []revocation.Source{late, silent, good}, revocation.Refuse, "", ""},
		{"nobody can", []revocation.Source{silent, late}, revocation.Refuse, authn.Unavailable, who + "nobody can tell: no list; too late"},
		{"nobody can, and that is accepted", []revocation.Source{silent, late}, revocation.Accept, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := revocation.New(revocation.Config{Sources: row.sources, Unknown: row.policy, Now: newClock().Now})
			require.NoError(t, err)
			err = c.Check(t.Context(), root.chain(jane))
			require.Equal(t, row.reason, authn.ReasonOf(err))
			if row.text != "" {
				require.EqualError(t, err, row.text)
			}
		})
	}
}

// All certificates of a chain are checked but the root, each by its own issuer.
func TestChain(t *testing.T) {
	root := newRoot(t, epoch)
	upper := root.intermediate("upper")
	lower := upper.intermediate("lower")
	jane := lower.issue("jane")
	clk := newClock()
	check := func(lists []byte, leafOnly bool) error {
		f := newListFile(t, lists)
		c, err := revocation.New(revocation.Config{Sources: []revocation.Source{f}, LeafOnly: leafOnly, Now: clk.Now})
		require.NoError(t, err)
		return c.Check(t.Context(), lower.chain(jane))
	}
	for _, row := range []struct {
		name     string
		lists    []byte
		leafOnly bool
		text     string
	}{
		{"good", bundle(root.crl(1, nil), upper.crl(2, nil), lower.crl(3, nil)), false, ""},
		{"leaf", bundle(root.crl(1, nil), upper.crl(2, nil), lower.crl(3, nil, jane)), false, `"CN=jane", serial 1, issued by "CN=lower": revoked`},
		{"lower", bundle(root.crl(1, nil), upper.crl(2, nil, lower.cert), lower.crl(3, nil)), false, `"CN=lower", serial 1, issued by "CN=upper": revoked`},
		{"upper", bundle(root.crl(1, nil, upper.cert), upper.crl(2, nil), lower.crl(3, nil)), false, `"CN=upper", serial 1, issued by "CN=root": revoked`},
		{"root, by itself", bundle(root.crl(1, nil, root.cert), upper.crl(2, nil), lower.crl(3, nil)), false, ""},
		{"one list is missing", bundle(root.crl(1, nil), lower.crl(3, nil)), false, `"CN=lower", serial 1, issued by "CN=upper": nobody can tell: no CRL`},
		{"leaf only, leaf", lower.crl(3, nil, jane), true, `"CN=jane", serial 1, issued by "CN=lower": revoked`},
		{"leaf only, good", lower.crl(3, nil), true, ""},
		{"leaf only, upper", bundle(root.crl(1, nil, upper.cert), lower.crl(3, nil)), true, ""},
	} {
		err := check(row.lists, row.leafOnly)
		if row.text == "" {
			require.NoError(t, err, row.name)
		} else {
			require.ErrorContains(t, err, row.text, row.name)
		}
	}
	c := checker(t, clk.Now, saying(authn.Errorf(authn.Revoked, "gone")))
	require.NoError(t, c.Check(t.Context(), root.chain(root.cert)[:1]), "a certificate that is trusted as itself")
}

// What is accepted though nobody can tell shows in the trace, and is not remembered.
func TestAcceptedUnknown(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	clk := newClock()
	c, err := revocation.New(revocation.Config{Sources: []revocation.Source{saying(errors.New("no list"))}, Unknown: revocation.Accept, Now: clk.Now})
	require.NoError(t, err)
	ctx, trace := authn.WithTrace(t.Context())
	require.NoError(t, c.Check(ctx, root.chain(jane)))
	require.Equal(t, `accepted all the same: revocation: certificate of "CN=jane", serial 1, issued by "CN=root": nobody can tell: no list`, trace.Result().Detail)
	before := c.Generation()
	clk.Add(10 * time.Second)
	require.Greater(t, c.Generation(), before)

	ended, end := context.WithCancel(t.Context())
	end()
	require.Equal(t, authn.Unavailable, authn.ReasonOf(c.Check(ended, root.chain(jane))), "who has left need not be let in")
}

// The generation grows when a list changes, and when the first answer lapses.
func TestGeneration(t *testing.T) {
	root := newRoot(t, epoch)
	jane := root.issue("jane")
	f := newListFile(t, root.crl(1, nil))
	c := checker(t, f.Now, f)
	require.NoError(t, c.Check(t.Context(), root.chain(jane)))
	first := c.Generation()
	f.Add(time.Hour)
	require.Equal(t, first, c.Generation())

	f.write(t, root.crl(2, nil))
	second := c.Generation()
	require.Greater(t, second, first)
	require.NoError(t, c.Check(t.Context(), root.chain(jane)))

	f.Add(23*time.Hour - 10*time.Second)
	third := c.Generation()
	require.GreaterOrEqual(t, third, second)
	require.NoError(t, c.Check(t.Context(), root.chain(jane)))
	f.Add(time.Minute)
	require.Greater(t, c.Generation(), third, "it is stale")
	require.Equal(t, authn.Unavailable, authn.ReasonOf(c.Check(t.Context(), root.chain(jane))))
	require.ErrorContains(t, c.HealthCheck(), "revocation: CRL file: "+f.path+`: CRL 2 of "CN=root": stale since `)
}

// Answers that lapse at about the same time do so together.
func TestLapses(t *testing.T) {
	root := newRoot(t, epoch)
	clk := newClock()
	c := checker(t, clk.Now, source(func(cert, _ *x509.Certificate) (time.Time, error) {
		return epoch.Add(time.Hour + time.Duration(cert.SerialNumber.Int64())*time.Second), nil
	}))
	for range 29 {
		require.NoError(t, c.Check(t.Context(), root.chain(root.issue("jane"))))
	}
	clk.Add(time.Hour - time.Second)
	require.Zero(t, c.Generation())
	for range 40 {
		clk.Add(time.Second)
		require.EqualValues(t, 1, c.Generation())
	}
}

func TestNew(t *testing.T) {
	for _, row := range []struct {
		config revocation.Config
		text   string
	}{
		{revocation.Config{}, "revocation: sources: at least one is required"},
		{revocation.Config{Sources: []revocation.Source{saying(nil), nil}}, "revocation: sources: number 2 is nil"},
		{revocation.Config{Sources: []revocation.Source{saying(nil)}, Unknown: 2}, "revocation: unknown: 2 is no Policy"},
	} {
		_, err := revocation.New(row.config)
		require.EqualError(t, err, row.text)
	}
}
