package authconfig

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/apiserver/pkg/apis/apiserver"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/expressions"
	"github.com/authnchain/authnchain/jwt"
)

// mapper makes users of claims as one entry of a configuration says.
type mapper struct {
	username, groups, uid jwt.ClaimMapping        // by claim; zero if there is an expression
	usernameBy, groupsBy  *expressions.Expression // nil if there is a claim
	uidBy                 *expressions.Expression
	groupsClaim           string // empty: none
	uidClaim              string
	extra                 []extra
	required              []requirement
	claimRules, userRules []rule
	distributed           *distributed                                          // nil: no claim may be elsewhere
	most                  time.Duration                                         // for all expressions
	bound                 func(context.Context, *evaluation) (user.Info, error) // within which they are evaluated; nil: there are none
}

type extra struct {
	key string
	*expressions.Expression
}

// requirement is a claim that must have a value.
type requirement struct{ path, claim, value string }

type rule struct {
	*expressions.Expression
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

func (b *builder) mapping(path, text string) *expressions.Expression {
	if text == "" {
		return nil
	}
	return b.compile(path, text, &authenticationcel.ClaimMappingExpression{Expression: text}, b.compiler.CompileClaimsExpression)
}

func (b *builder) compile(
	path, text string,
	accessor authenticationcel.ExpressionAccessor,
	compile func(authenticationcel.ExpressionAccessor) (authenticationcel.CompilationResult, error),
) *expressions.Expression {
	result, err := compile(accessor)
	if err != nil {
		if b.err == nil {
			b.err = fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	b.any = true
	b.runsAway = b.runsAway || !expressions.IsLinear(result.AST, b.shortTexts)
	return &expressions.Expression{Path: path, Text: text, Program: result.Program}
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
	newEvaluation := func() *evaluation {
		e := &evaluation{mapper: m, claims: c, all: all}
		e.Most = most
		return e
	}
	if m.bound == nil {
		e := newEvaluation()
		u, err := e.Make(ctx)
		return u, e.steps, err
	}
	var last *evaluation
	u, err := expressions.Try(ctx, func() (user.Info, error) {
		last = newEvaluation()
		return m.bound(ctx, last)
	})
	if reason := authn.ReasonOf(err); reason == authn.Unavailable || reason == authn.Panicked {
		return nil, nil, err // it may be going on
	}
	return u, last.steps, err
}
