package authconfig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/cel-go/cel"
	"k8s.io/apiserver/pkg/apis/apiserver"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/jwt"
)

// mapper makes users of claims as one entry of a configuration says.
type mapper struct {
	username, groups, uid jwt.ClaimMapping // by claim; zero if there is an expression
	usernameBy, groupsBy  *expression      // nil if there is a claim
	uidBy                 *expression
	groupsClaim           string // empty: none
	uidClaim              string
	extra                 []extra
	required              []requirement
	claimRules, userRules []rule
	distributed           *distributed                                          // nil: no claim may be elsewhere
	most                  time.Duration                                         // for all expressions
	bound                 func(context.Context, *evaluation) (user.Info, error) // within which they are evaluated; nil: there are none
}

// expression is a compiled CEL expression and its place in the configuration.
type expression struct {
	path, text string
	program    cel.Program
}

type extra struct {
	key string
	*expression
}

// requirement is a claim that must have a value.
type requirement struct{ path, claim, value string }

type rule struct {
	*expression
	message string
}

// newMapper compiles the expressions of an entry that has been found valid.
func newMapper(entry apiserver.JWTAuthenticator, c *compiler, d *distributed, o *Options) (*mapper, error) {
	b := builder{compiler: c, shortTexts: o.MaxToken <= jwt.MaxToken}
	cm := entry.ClaimMappings
	m := &mapper{
		username:    claimMapping(cm.Username),
		groups:      claimMapping(cm.Groups),
		uid:         jwt.Claim(cm.UID.Claim),
		groupsClaim: cm.Groups.Claim,
		uidClaim:    cm.UID.Claim,
		usernameBy:  b.mapping("claimMappings.username.expression", cm.Username.Expression),
		groupsBy:    b.mapping("claimMappings.groups.expression", cm.Groups.Expression),
		uidBy:       b.mapping("claimMappings.uid.expression", cm.UID.Expression),
		distributed: d,
		most:        cmp.Or(o.MaxEvaluation, MaxEvaluation),
	}
	for i, e := range cm.Extra {
		path := "claimMappings.extra[" + strconv.Itoa(i) + "].valueExpression"
		m.extra = append(m.extra, extra{e.Key, b.mapping(path, e.ValueExpression)})
	}
	for i, r := range entry.ClaimValidationRules {
		path := "claimValidationRules[" + strconv.Itoa(i) + "]"
		if r.Claim != "" {
			m.required = append(m.required, requirement{path, r.Claim, r.RequiredValue})
			continue
		}
		e := b.compile(path, r.Expression, &authenticationcel.ClaimValidationCondition{Expression: r.Expression}, c.CompileClaimsExpression)
		m.claimRules = append(m.claimRules, rule{e, r.Message})
	}
	for i, r := range entry.UserValidationRules {
		path := "userValidationRules[" + strconv.Itoa(i) + "]"
		e := b.compile(path, r.Expression, &authenticationcel.UserValidationCondition{Expression: r.Expression}, c.CompileUserExpression)
		m.userRules = append(m.userRules, rule{e, r.Message})
	}
	switch {
	case b.runsAway:
		m.bound = newLimiter().runAway
	case b.any:
		m.bound = run
	}
	return m, b.err
}

func claimMapping(m apiserver.PrefixedClaimOrExpression) jwt.ClaimMapping {
	mapping := jwt.Claim(m.Claim)
	if m.Prefix != nil {
		mapping = mapping.WithPrefix(*m.Prefix)
	}
	return mapping
}

// builder compiles expressions and keeps the first error.
type builder struct {
	compiler   *compiler
	shortTexts bool // tokens are not longer than they usually are
	any        bool // there is an expression
	runsAway   bool // there is one that is not linear
	err        error
}

func (b *builder) mapping(path, text string) *expression {
	if text == "" {
		return nil
	}
	return b.compile(path, text, &authenticationcel.ClaimMappingExpression{Expression: text}, b.compiler.CompileClaimsExpression)
}

func (b *builder) compile(
	path, text string,
	accessor authenticationcel.ExpressionAccessor,
	compile func(authenticationcel.ExpressionAccessor) (authenticationcel.CompilationResult, error),
) *expression {
	result, err := compile(accessor)
	if err != nil {
		if b.err == nil {
			b.err = fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	b.any = true
	b.runsAway = b.runsAway || !isLinear(result.AST, b.shortTexts)
	return &expression{path, text, result.Program}
}

// User implements [jwt.Config].User.
func (m *mapper) User(ctx context.Context, c jwt.Claims) (user.Info, error) {
	if err := checkStandard(c); err != nil {
		return nil, err
	}
	c, err := m.distributed.expand(ctx, c)
	if err != nil {
		return nil, err
	}
	u, _, err := m.identify(ctx, c, m.most, false)
	return u, err
}

// identify makes a user within a time. If it is to take all steps, it returns them.
func (m *mapper) identify(ctx context.Context, c jwt.Claims, most time.Duration, all bool) (user.Info, []Step, error) {
	for left := attempts; ; left-- {
		e := &evaluation{mapper: m, claims: c, most: most, all: all}
		if m.bound == nil {
			u, err := e.run(ctx)
			return u, e.steps, err
		}
		u, err := m.bound(ctx, e)
		var long tooLong
		switch {
		case authn.ReasonOf(err) != authn.Unavailable && authn.ReasonOf(err) != authn.Panicked:
			return u, e.steps, err
		case ctx.Err() != nil:
			return nil, nil, authn.Errorf(authn.Unavailable, "%w", ctx.Err())
		case left == 1 || !errors.As(err, &long):
			return nil, nil, err // it may be going on
		}
	}
}
