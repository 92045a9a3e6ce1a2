package authconfig

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/expressions"
	"github.com/authnchain/authnchain/jwt"
)

// evaluation is the making of one user.
type evaluation struct {
	*mapper
	expressions.Evaluation
	claims jwt.Claims
	vars   interpreter.Activation // of claims; made when first needed
	all    bool                   // goes on after an error
	steps  []Step                 // if all
	err    error                  // the first
}

// subject is whose token it is, as far as it says; one that does not is of nobody
// else.
func (e *evaluation) subject() string { return subjectOf(e.claims) }

func subjectOf(c jwt.Claims) string {
	if subject, _ := c.String("sub"); subject != "" {
		return strings.Clone(subject) // it must not keep the token in memory
	}
	digest := c.Digest()
	return string(digest[:])
}

// did notes what became of one step, and reports whether to stop.
func (e *evaluation) did(path string, value any, err error) bool {
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("%s: %w", path, err)
	}
	if e.all {
		e.steps = append(e.steps, newStep(path, value, err))
	}
	return err != nil && !e.all
}

// Make implements [expressions.Maker]. It takes the steps in kube-apiserver's order.
func (e *evaluation) Make(ctx context.Context) (user.Info, error) {
	u := &user.DefaultInfo{}
	if e.name(ctx, u) || e.groupsOf(ctx, u) || e.uidOf(ctx, u) || e.extras(ctx, u) || e.requirements() || e.checkClaims(ctx) || e.checkUser(ctx, u) || e.err != nil {
		return nil, e.err
	}
	return u, nil
}

func (e *evaluation) name(ctx context.Context, u *user.DefaultInfo) bool {
	path, err := "claimMappings.username", error(nil)
	if e.usernameBy == nil {
		u.Name, err = e.username.Name(e.claims)
	} else {
		path = e.usernameBy.Path
		u.Name, err = e.text(ctx, e.usernameBy)
	}
	if err == nil {
		if nameErr := authn.CheckName(u.Name); nameErr != nil {
			err = authn.Errorf(authn.InvalidUser, "%w", nameErr)
		}
	}
	return e.did(path, u.Name, err)
}

func (e *evaluation) groupsOf(ctx context.Context, u *user.DefaultInfo) (stop bool) {
	var err error
	switch {
	case e.groupsClaim != "":
		u.Groups, err = e.groups.Values(e.claims)
		return e.did("claimMappings.groups", u.Groups, err)
	case e.groupsBy != nil:
		u.Groups, err = e.texts(ctx, e.groupsBy)
		return e.did(e.groupsBy.Path, u.Groups, err)
	}
	return false
}

func (e *evaluation) uidOf(ctx context.Context, u *user.DefaultInfo) bool {
	if e.uidClaim != "" {
		var err error
		u.UID, err = e.uid.Value(e.claims)
		return e.did("claimMappings.uid", u.UID, err)
	}
	if e.uidBy == nil {
		return false
	}
	var err error
	u.UID, err = e.text(ctx, e.uidBy)
	return e.did(e.uidBy.Path, u.UID, err)
}

func (e *evaluation) extras(ctx context.Context, u *user.DefaultInfo) bool {
	id := e.claims.CredentialID()
	if id != "" || len(e.extra) > 0 {
		u.Extra = make(map[string][]string, len(e.extra)+1)
	}
	if id != "" {
		u.Extra[user.CredentialIDKey] = []string{id}
	}
	for _, x := range e.extra {
		values, err := e.texts(ctx, x.Expression)
		if err == nil && len(values) > 0 {
			u.Extra[x.key] = values
		}
		if e.did(x.Path, values, err) {
			return true
		}
	}
	if len(u.Extra) == 0 {
		u.Extra = nil
	}
	return false
}

func (e *evaluation) requirements() bool {
	for _, r := range e.required {
		got, err := e.claims.String(r.claim)
		if err == nil && got != r.value {
			err = fmt.Errorf("claim %q: is %s, not %q", r.claim, clip.Quote(got), r.value)
		}
		if e.did(r.path, got, expressions.WithReason(authn.RuleFailed, err)) {
			return true
		}
	}
	return false
}

func (e *evaluation) checkClaims(ctx context.Context) bool {
	return slices.ContainsFunc(e.claimRules, func(r rule) bool {
		return e.check(r, func() (ref.Val, error) { return e.eval(ctx, r.Expression, authn.RuleFailed) })
	})
}

func (e *evaluation) checkUser(ctx context.Context, u *user.DefaultInfo) bool {
	if len(e.userRules) == 0 {
		return false
	}
	if e.err != nil { // there is no user to check
		for _, r := range e.userRules {
			e.steps = append(e.steps, Step{Path: r.Path, Skipped: "there is no user to check"})
		}
		return false
	}
	vars := expressions.Variable("user", expressions.UserValue(u))
	return slices.ContainsFunc(e.userRules, func(r rule) bool {
		return e.check(r, func() (ref.Val, error) { return e.Evaluate(ctx, r.Expression, vars, authn.RuleFailed) })
	})
}

// check evaluates a rule, which must be true.
func (e *evaluation) check(r rule, eval func() (ref.Val, error)) bool {
	v, err := eval()
	if err == nil {
		err = expressions.CheckRule(v, r.Expression, r.message)
	}
	var value any
	if b, ok := v.(types.Bool); ok {
		value = bool(b)
	}
	return e.did(r.Path, value, err)
}

// text evaluates an expression for a string.
func (e *evaluation) text(ctx context.Context, x *expressions.Expression) (string, error) {
	v, err := e.eval(ctx, x, authn.ClaimMissing)
	if err != nil {
		return "", err
	}
	text, err := expressions.TextOf(v)
	return strings.Clone(text), expressions.WithReason(authn.ClaimMissing, err) // not a part of the token
}

// texts evaluates an expression for a list of strings.
func (e *evaluation) texts(ctx context.Context, x *expressions.Expression) ([]string, error) {
	v, err := e.eval(ctx, x, authn.ClaimMissing)
	if err != nil {
		return nil, err
	}
	texts, err := expressions.TextsOf(v)
	for i := range texts {
		texts[i] = strings.Clone(texts[i]) // not a part of the token
	}
	return texts, expressions.WithReason(authn.ClaimMissing, err)
}

// eval evaluates an expression over the claims.
func (e *evaluation) eval(ctx context.Context, x *expressions.Expression, reason authn.Reason) (ref.Val, error) {
	if e.vars == nil {
		e.vars = expressions.Variable("claims", claimsValue(e.claims))
	}
	return e.Evaluate(ctx, x, e.vars, reason)
}
