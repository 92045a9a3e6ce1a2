package authconfig

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/jwt"
)

// Report is what would become of a token.
type Report struct {
	Issuer   string    // whose token it is; empty if no entry is for it
	Index    int       // of that entry, jwt[Index]; -1 if there is none
	Accepted bool      // provided that the signature is good, which was not looked at, and what was skipped
	User     user.Info // who would come out; nil if not accepted
	Steps    []Step    // what was checked, in order, and what came of it
}

// Step is one check.
type Step struct {
	Path    string // in the entry, such as claimMappings.groups; or a claim of the token; "token" for its form, "claims" for the types of those that nothing maps
	Value   any    // what it gave: a string, a []string, a bool, or a claim of any type; nil if nothing
	Err     error  // why it refuses the token, with a reason; nil if it does not
	Skipped string // why it could not be done; empty if it was
}

func newStep(path string, value any, err error) Step {
	if _, ok := value.(bool); err != nil && !ok {
		value = nil // half of one
	}
	return Step{Path: path, Value: value, Err: err}
}

// DryRun says what would become of a token, whose signature it does NOT verify, and
// goes on after what refuses it, so that all that is wrong is in the report. It
// asks nobody: keys are not fetched, and claims that are elsewhere count as
// missing. Expressions have ten times the time that they have for a request. It is
// for tools.
func (a *Authenticator) DryRun(ctx context.Context, token string) *Report {
	s := a.state()
	r := &Report{Index: -1}
	if most := cmp.Or(a.options.MaxToken, jwt.MaxToken); len(token) > most {
		r.add(newStep("token", nil, authn.Errorf(authn.Malformed, "%d bytes, more than %d", len(token), most)))
		return r
	}
	issuer, err := jwt.UnverifiedIssuer(token)
	if err != nil {
		r.add(newStep("token", nil, err))
		return r
	}
	if i := r.find(s, issuer); i != nil {
		c, err := i.auth.InsecureParse(token)
		r.add(newStep("token", nil, err))
		i.check(ctx, r, c)
	}
	return r
}

// DryRunClaims is [Authenticator.DryRun] of the payload of a token, a JSON object.
func (a *Authenticator) DryRunClaims(ctx context.Context, payload string) (*Report, error) {
	c, err := jwt.ParseClaims(payload)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	r := &Report{Index: -1}
	if i := r.find(a.state(), c.Issuer()); i != nil {
		i.check(ctx, r, c)
	}
	return r, nil
}

// find returns the entry for the tokens of an issuer, and reports if there is none.
func (r *Report) find(s *state, url string) *issuer {
	for n, i := range s.issuers {
		if i.auth.Issuer() == url {
			r.Issuer, r.Index = url, n
			return i
		}
	}
	why := fmt.Errorf("no entry is for %s", clip.Quote(url))
	for _, i := range s.issuers {
		if strings.EqualFold(strings.TrimRight(i.URL, "/"), strings.TrimRight(url, "/")) {
			why = fmt.Errorf("%w; %q differs from it in case or in the slash at the end", why, i.URL)
		}
	}
	r.add(newStep("iss", nil, authn.Errorf(authn.UntrustedIssuer, "%w", why)))
	return nil
}

func (r *Report) add(s Step) { r.Steps = append(r.Steps, s) }

// check fills a report.
func (i *issuer) check(ctx context.Context, r *Report, c jwt.Claims) {
	for _, one := range i.auth.CheckClaims(c) {
		step := Step{Path: one.Claim, Err: one.Err}
		if c.Has(one.Claim) {
			step.Value, _ = c.Value(one.Claim)
		}
		r.add(step)
	}
	if err := checkStandard(c); err != nil {
		r.add(newStep("claims", nil, err))
	} else if where, err := i.mapper.distributed.reach(c); err != nil {
		r.add(newStep("distributed claims", nil, err))
	} else if where != "" {
		r.add(Step{Path: "distributed claims", Skipped: "the groups are had from " + where + ", which is not asked"})
	}
	u, steps, err := i.mapper.identify(ctx, c, 10*i.mapper.most, true)
	if reason := authn.ReasonOf(err); reason == authn.Unavailable || reason == authn.Panicked {
		r.add(newStep("expressions", nil, err))
		return
	}
	r.Steps = append(r.Steps, steps...)
	if !slices.ContainsFunc(r.Steps, func(s Step) bool { return s.Err != nil }) {
		r.Accepted, r.User = true, u
	}
}
