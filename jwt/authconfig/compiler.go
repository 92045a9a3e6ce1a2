package authconfig

import (
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"

	"github.com/authnchain/authnchain/internal/expressions"
)

// compiler is kube-apiserver's, but its programs notice that their time is up.
// It compiles each expression once, so that validation and the mapping after it
// share the programs. It is not safe for concurrent use.
type compiler struct {
	kube         authenticationcel.Compiler
	claims, user *cel.Env
	compiled     map[compilation]compiled
}

type compilation struct{ accessor, expression string }

type compiled struct {
	result authenticationcel.CompilationResult
	err    error
}

func newCompiler() (*compiler, error) {
	envs, err := environments()
	if err != nil {
		return nil, err
	}
	return &compiler{
		kube:     envs.kube,
		claims:   envs.claims,
		user:     envs.user,
		compiled: make(map[compilation]compiled),
	}, nil
}

// CompileClaimsExpression implements [authenticationcel.Compiler].
func (c *compiler) CompileClaimsExpression(e authenticationcel.ExpressionAccessor) (authenticationcel.CompilationResult, error) {
	return c.compile(e, c.kube.CompileClaimsExpression, c.claims)
}

// CompileUserExpression implements [authenticationcel.Compiler].
func (c *compiler) CompileUserExpression(e authenticationcel.ExpressionAccessor) (authenticationcel.CompilationResult, error) {
	return c.compile(e, c.kube.CompileUserExpression, c.user)
}

func (c *compiler) compile(
	e authenticationcel.ExpressionAccessor,
	kube func(authenticationcel.ExpressionAccessor) (authenticationcel.CompilationResult, error),
	env *cel.Env,
) (authenticationcel.CompilationResult, error) {
	key := compilation{fmt.Sprintf("%T", e), e.GetExpression()}
	done, ok := c.compiled[key]
	if !ok {
		done.result, done.err = kube(e)
		if done.err == nil {
			done.result.Program, done.err = expressions.Program(env, done.result.AST)
		}
		c.compiled[key] = done
	}
	done.result.ExpressionAccessor = e
	return done.result, done.err
}

type celEnvironments struct {
	kube         authenticationcel.Compiler
	claims, user *cel.Env
}

// environments are those of kube-apiserver's own compiler, which does not tell
// them. They take long to make and never change.
var environments = sync.OnceValues(func() (*celEnvironments, error) {
	claims, err := expressions.Environment("claims", apiservercel.NewMapType(apiservercel.StringType, apiservercel.AnyType, -1))
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	user, err := expressions.Environment("user", expressions.UserType())
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	return &celEnvironments{authenticationcel.NewCompiler(expressions.Base()), claims, user}, nil
})
