package x509_test

import (
	stdx509 "crypto/x509"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
	"github.com/authnchain/authnchain/x509"
)

// dated is a user with an end of its own.
type dated struct {
	user.DefaultInfo
	end time.Time
}

func (d *dated) Expiry() time.Time { return d.end }

// The user ends with the first certificate of the chain that does, and whoever watches
// hears how long that is: on the first request, on the next ones, and behind a
// middleware.
func TestExpiry(t *testing.T) {
	ca := authntest.NewCA(t)
	end := ca.Certificate().NotAfter.Add(-time.Hour)
	until := func(at time.Time) edit { return func(c *stdx509.Certificate) { c.NotAfter = at } }
	long := until(end.Add(1000 * time.Hour))
	for name, tt := range map[string]struct {
		ca   *authntest.CA
		cert edit
		own  time.Time // the end of the user that User names
		want time.Time
		left time.Time // where the certificates end
	}{
		"leaf":            {ca, until(end), time.Time{}, end, end},
		"one above":       {ca.Intermediate("a", until(end)), long, time.Time{}, end, end},
		"root":            {ca, long, time.Time{}, end.Add(time.Hour), end.Add(time.Hour)},
		"user's, earlier": {ca, until(end), end.Add(-time.Minute), end.Add(-time.Minute), end},
		"user's, later":   {ca, until(end), end.Add(time.Minute), end, end},
	} {
		for name2, once := range map[string]bool{"remembered": true, "asked each time": false} {
			t.Run(name+"/"+name2, func(t *testing.T) {
				now := end.Add(-3 * time.Hour)
				var left []time.Duration
				a := x509.New(ca.Roots())
				a.Now = func() time.Time { return now }
				a.Remaining = func(d time.Duration) { left = append(left, d) }
				a.UserOnce = once
				a.User = func([]*stdx509.Certificate) (*authenticator.Response, bool, error) {
					return &authenticator.Response{User: &dated{user.DefaultInfo{Name: "ann"}, tt.own}}, true, nil
				}
				r := authntest.Request("", issue(tt.ca, tt.cert))
				for range 2 {
					known, err := authn.Middleware{Authenticator: a}.Authenticate(r)
					require.NoError(t, err)
					u, _ := authn.UserFrom(known.Context())
					got, ok := authn.ExpiryOf(u)
					require.True(t, ok)
					require.Equal(t, tt.want, got)
					now = now.Add(time.Hour)
				}
				require.Equal(t, []time.Duration{tt.left.Sub(end) + 3*time.Hour, tt.left.Sub(end) + 2*time.Hour}, left)
			})
		}
	}
}

// Nobody hears of a certificate that was not accepted.
func TestRemainingOfAcceptedOnly(t *testing.T) {
	ca := authntest.NewCA(t)
	o := newOutside(ca.Roots())
	o.Remaining = func(time.Duration) { t.Error("told of a refused certificate") }
	o.refuses(t, authntest.Request("", issue(authntest.NewCA(t))), authn.UntrustedCertificate)
	o.refuses(t, authntest.Request("", issue(ca, authntest.Expired)), authn.Expired)
	o.refuses(t, authntest.Request("", ca.Issue("", nil)), "")
	o.refuses(t, authntest.Request(""), "")
	o.answer(authn.Errorf(authn.Revoked, "no"))
	o.refuses(t, authntest.Request("", issue(ca)), authn.Revoked)
}
