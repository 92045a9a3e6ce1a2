package authconfig

import (
	"fmt"
	"sync"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
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
			// Every turn of a loop looks whether to stop. The cost limit is the
			// environment's.
			done.result.Program, done.err = env.Program(done.result.AST, cel.InterruptCheckFrequency(1))
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
	base := environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
	claims, err := extend(base, "claims", apiservercel.NewMapType(apiservercel.StringType, apiservercel.AnyType, -1))
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	user, err := extend(base, "user", userType())
	if err != nil {
		return nil, fmt.Errorf("user: %w", err)
	}
	return &celEnvironments{authenticationcel.NewCompiler(base), claims, user}, nil
})

func extend(base *environment.EnvSet, name string, t *apiservercel.DeclType) (*cel.Env, error) {
	set, err := base.Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable(name, t.CelType())},
		DeclTypes:         []*apiservercel.DeclType{t},
	})
	if err != nil {
		return nil, err
	}
	return set.Env(environment.StoredExpressions)
}

// userType is authentication.k8s.io/v1's UserInfo.
func userType() *apiservercel.DeclType {
	texts := apiservercel.NewListType(apiservercel.StringType, -1)
	fields := make(map[string]*apiservercel.DeclField)
	for name, t := range map[string]*apiservercel.DeclType{
		"username": apiservercel.StringType,
		"uid":      apiservercel.StringType,
		"groups":   texts,
		"extra":    apiservercel.NewMapType(apiservercel.StringType, texts, -1),
	} {
		fields[name] = apiservercel.NewDeclField(name, t, false, nil, nil)
	}
	return apiservercel.NewObjectType("kubernetes.UserInfo", fields)
}
