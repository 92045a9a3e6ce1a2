package certconfig

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/internal/expressions"
)

// evaluation is an attempt to make one user.
type evaluation struct {
	*Mapping
	expressions.Evaluation
	fingerprint string
	cert        interpreter.Activation
}

func newEvaluation(m *Mapping, leaf *x509.Certificate) *evaluation {
	digest := sha256.Sum256(leaf.Raw)
	e := &evaluation{Mapping: m, fingerprint: hex.EncodeToString(digest[:])}
	e.Most = m.most
	e.cert = expressions.Variable("cert", certValue(leaf, e.fingerprint))
	return e
}

// Make implements [expressions.Maker].
func (e *evaluation) Make(ctx context.Context) (user.Info, error) {
	if err := e.check(ctx, e.certRules, e.cert); err != nil {
		return nil, err
	}
	u := &user.DefaultInfo{Extra: map[string][]string{user.CredentialIDKey: {"X509SHA256=" + e.fingerprint}}}
	if err := e.fill(ctx, u); err != nil {
		return nil, err
	}
	if len(e.userRules) > 0 {
		if err := e.check(ctx, e.userRules, expressions.Variable("user", expressions.UserValue(u))); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (e *evaluation) fill(ctx context.Context, u *user.DefaultInfo) (err error) {
	if u.Name, err = e.text(ctx, e.username); err != nil {
		return err
	}
	if err := authn.CheckName(u.Name); err != nil {
		return authn.Errorf(authn.InvalidUser, "%s: %w", e.username.Path, err)
	}
	if u.Groups, err = e.texts(ctx, e.groups); err != nil {
		return err
	}
	if u.UID, err = e.text(ctx, e.uid); err != nil {
		return err
	}
	for _, x := range e.extra {
		values, err := e.texts(ctx, x.Expression)
		if err != nil {
			return err
		}
		if len(values) > 0 {
			u.Extra[x.key] = values
		}
	}
	return nil
}

func (e *evaluation) check(ctx context.Context, rules []rule, vars interpreter.Activation) error {
	for _, r := range rules {
		v, err := e.Evaluate(ctx, r.Expression, vars, authn.RuleFailed)
		if err == nil {
			err = expressions.CheckRule(v, r.Expression, r.message)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.Path, err)
		}
	}
	return nil
}

// text evaluates an expression for a string.
func (e *evaluation) text(ctx context.Context, x *expressions.Expression) (string, error) {
	return evaluate(ctx, e, x, expressions.TextOf)
}

// texts evaluates an expression for a list of strings. Here lists of strings alone,
// as split gives them, are some too.
func (e *evaluation) texts(ctx context.Context, x *expressions.Expression) ([]string, error) {
	return evaluate(ctx, e, x, func(v ref.Val) ([]string, error) {
		if list, ok := v.(traits.Lister); ok {
			if texts, ok := list.Value().([]string); ok {
				v = listOf(texts)
			}
		}
		return expressions.TextsOf(v)
	})
}

func evaluate[T any](ctx context.Context, e *evaluation, x *expressions.Expression, read func(ref.Val) (T, error)) (got T, err error) {
	if x == nil {
		return got, nil
	}
	v, err := e.Evaluate(ctx, x, e.cert, authn.InvalidUser)
	if err == nil {
		got, err = read(v)
		err = expressions.WithReason(authn.InvalidUser, err)
	}
	if err != nil {
		return got, fmt.Errorf("%s: %w", x.Path, err)
	}
	return got, nil
}
