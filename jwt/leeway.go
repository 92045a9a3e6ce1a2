package jwt

import (
	"fmt"
	"time"

	"github.com/authnchain/authnchain/authn"
)

// leeway is how many seconds the clocks may be apart for each claim.
type leeway struct{ exp, nbf, iat int64 }

// kubeLeeway is what kube-apiserver has for "nbf". It does not look at "iat".
const kubeLeeway = 60

func newLeeway(setting time.Duration) leeway {
	switch s := int64(setting / time.Second); {
	case setting == 0:
		return leeway{0, kubeLeeway, kubeLeeway}
	case setting < 0:
		return leeway{}
	default:
		return leewayOf(max(s, 1))
	}
}

func leewayOf(seconds int64) leeway { return leeway{seconds, seconds, seconds} }

// CheckTimes checks "exp", which is required, and "nbf" and "iat" if they are there,
// for those who use a [Verifier]. For each, the issuer's clock may be off by leeway, in
// whole seconds. It returns when the token ends, leeway included.
func (c Claims) CheckTimes(now time.Time, leeway time.Duration) (time.Time, error) {
	l := leewayOf(max(0, int64(leeway/time.Second)))
	if err := l.check(c, now); err != nil {
		return time.Time{}, err
	}
	return l.expiry(c), nil
}

// check implements RFC 7519, sections 4.1.4 to 4.1.6.
func (l leeway) check(c Claims, now time.Time) error {
	if err := l.checkExpiry(c, now); err != nil {
		return err
	}
	if err := notAhead(c, "nbf", now, l.nbf); err != nil {
		return err
	}
	return notAhead(c, "iat", now, l.iat)
}

// checkExpiry checks "exp", which is required.
func (l leeway) checkExpiry(c Claims, now time.Time) error {
	exp, err := c.seconds("exp")
	if err != nil {
		return err
	}
	if now.Unix() >= exp+l.exp {
		return authn.Errorf(authn.Expired, "expired %s ago (exp %s)", ago(now.Unix()-exp), instant(exp))
	}
	return nil
}

// expiry returns from when on checkExpiry refuses claims that it has accepted.
func (l leeway) expiry(c Claims) time.Time {
	exp, _ := c.seconds("exp")
	return time.Unix(min(exp, maxSeconds-l.exp)+l.exp, 0)
}

func notAhead(c Claims, name string, now time.Time, leeway int64) error {
	if !c.Has(name) {
		return nil
	}
	t, err := c.seconds(name)
	if err != nil {
		return err
	}
	if t > now.Unix()+leeway {
		return authn.Errorf(authn.NotYetValid, "valid in %s (%s %s)", ago(t-now.Unix()), name, instant(t))
	}
	return nil
}

// maxInstant is the end of the year 9999, beyond which RFC 3339 has no dates.
const maxInstant = 253402300799

func instant(seconds int64) string {
	if seconds < 0 || seconds > maxInstant {
		return fmt.Sprint(seconds)
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}

func ago(seconds int64) string {
	if seconds > maxInstant {
		return "ages"
	}
	const day = 24 * 60 * 60
	if seconds >= 2*day {
		return fmt.Sprintf("%dd", seconds/day)
	}
	return (time.Duration(seconds) * time.Second).String()
}
