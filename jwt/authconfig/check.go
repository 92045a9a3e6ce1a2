package authconfig

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// Report is what would become of a token.
type Report struct {
	Issuer   string    // whose token it is; empty if no entry is for it
	Index    int       // of that entry, jwt[Index]; -1 if there is none
	Accepted bool      // provided that the signature is good, which was not looked at
	User     user.Info // who would come out; nil if not accepted
	Steps    []Step    // what was checked, in order, and what came of it
}

// Step is one check.
type Step struct {
	Path    string // in the entry, such as claimMappings.groups, or what of the token it is about
	Value   any    // what it gave: a string, a []string or a bool; nil if nothing
	Err     error  // why it refuses the token, with a reason; nil if it does not
	Skipped bool   // it could not be done after those that failed
}

// Check says what would become of a token, whose signature it does NOT verify, and
// goes on after what refuses it, so that all that is wrong is in the report. It
// asks nobody: keys are not fetched, and claims that are elsewhere count as
// missing. It is for tools.
func (a *Authenticator) Check(ctx context.Context, token string) *Report {
	s := a.state()
	r, i := s.report(jwt.UnverifiedIssuer(token))
	if i == nil {
		return r
	}
	c, err := i.auth.InsecureParse(token)
	r.add("token", err)
	i.check(ctx, r, c)
	return r
}

// CheckClaims is [Authenticator.Check] of the payload of a token, a JSON object.
func (a *Authenticator) CheckClaims(ctx context.Context, payload string) (*Report, error) {
	c, err := jwt.ParseClaims(payload)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	issuer, _ := c.String("iss")
	r, i := a.state().report(issuer)
	if i != nil {
		i.check(ctx, r, c)
	}
	return r, nil
}

// report begins the report on a token of an issuer.
func (s *state) report(url string) (*Report, *issuer) {
	for n, i := range s.issuers {
		if i.auth.Issuer() == url {
			return &Report{Issuer: url, Index: n}, i
		}
	}
	r := &Report{Index: -1}
	why := fmt.Errorf("no entry is for issuer %q", url)
	if url == "" {
		why = fmt.Errorf("the issuer of the token cannot be read")
	}
	for _, i := range s.issuers {
		if strings.EqualFold(strings.TrimRight(i.URL, "/"), strings.TrimRight(url, "/")) {
			why = fmt.Errorf("%w; %q differs from it in case or in the slash at the end", why, i.URL)
		}
	}
	r.add("iss", &authn.Error{Reason: authn.UntrustedIssuer, Err: why})
	return r, nil
}

func (r *Report) add(path string, err error) {
	r.Steps = append(r.Steps, Step{Path: path, Err: err})
}

// check fills a report.
func (i *issuer) check(ctx context.Context, r *Report, c jwt.Claims) {
	r.check("claims", i.auth.CheckClaims(c))
	if i.mapper.distributed != nil && !c.Has(i.mapper.groupsClaim) && c.Has("_claim_names") {
		r.Steps = append(r.Steps, Step{Path: "distributed claims", Skipped: true})
	}
	e := &evaluation{mapper: i.mapper, claims: c, all: true}
	u, err := i.mapper.limit.bounded(ctx, e)
	if authn.ReasonOf(err) == authn.Unavailable {
		r.add("expressions", err) // it may still be going on
		return
	}
	r.Steps = append(r.Steps, e.steps...)
	for _, s := range r.Steps {
		if s.Err != nil {
			return
		}
	}
	r.Accepted, r.User = true, u
}

// check adds a step for each error, or one that says that there was none.
func (r *Report) check(path string, errs []error) {
	if len(errs) == 0 {
		errs = []error{nil}
	}
	for _, err := range errs {
		r.add(path, err)
	}
}
