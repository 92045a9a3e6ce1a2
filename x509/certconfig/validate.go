package certconfig

import (
	"cmp"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/authnchain/authnchain/internal/expressions"
)

// InvalidError is all fields of a configuration that are not valid.
type InvalidError struct {
	Errors field.ErrorList // with the path of the field, such as extra[0].key
}

func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Errors))
	for i, err := range e.Errors {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets [errors.As] find each [*field.Error].
func (e *InvalidError) Unwrap() []error {
	errs := make([]error, len(e.Errors))
	for i, err := range e.Errors {
		errs[i] = err
	}
	return errs
}

// New returns the mapping that c describes. If fields of it are not valid the error
// wraps an [*InvalidError] with all of them.
func New(c Config) (*Mapping, error) {
	envs, err := environments()
	if err != nil {
		return nil, fmt.Errorf("certconfig: %w", err)
	}
	v := validator{environment: envs}
	m := &Mapping{
		certRules: v.rules("certificateValidationRules", c.CertificateValidationRules, envs.cert),
		username:  v.username(c.Username),
		groups:    v.optional(field.NewPath("groups"), c.Groups, texts),
		uid:       v.optional(field.NewPath("uid"), c.UID, text),
		extra:     v.extra(c.Extra),
		userRules: v.rules("userValidationRules", c.UserValidationRules, envs.user),
		most:      cmp.Or(c.MaxEvaluation, MaxEvaluation),
	}
	if m.most < MaxEvaluation {
		v.errs = append(v.errs, field.Invalid(field.NewPath("maxEvaluation"), c.MaxEvaluation.String(), fmt.Sprintf("must be at least %s", MaxEvaluation)))
	}
	if len(v.errs) > 0 {
		return nil, fmt.Errorf("certconfig: %w", &InvalidError{v.errs})
	}
	if v.runsAway {
		m.places = expressions.NewPlaces("certificates")
	}
	return m, nil
}

type environment struct{ cert, user *cel.Env }

// environments take long to make and never change.
var environments = sync.OnceValues(func() (environment, error) {
	cert, err := expressions.Environment("cert", certType())
	if err != nil {
		return environment{}, fmt.Errorf("cert: %w", err)
	}
	user, err := expressions.Environment("user", expressions.UserType())
	if err != nil {
		return environment{}, fmt.Errorf("user: %w", err)
	}
	return environment{cert, user}, nil
})

// A kind of result is the types that an expression may be compiled to.
type kind struct {
	text  string
	types []*cel.Type
}

var (
	text  = kind{"a string", []*cel.Type{cel.StringType, cel.DynType, cel.AnyType}}
	texts = kind{"a string or a list of strings", []*cel.Type{
		cel.StringType, cel.ListType(cel.StringType), cel.ListType(cel.DynType), cel.ListType(cel.AnyType), cel.NullType, cel.DynType, cel.AnyType,
	}}
	truth = kind{"true or false", []*cel.Type{cel.BoolType}}
)

// validator compiles expressions and collects what is wrong.
type validator struct {
	environment
	runsAway bool // there is an expression that is not linear
	errs     field.ErrorList
}

func (v *validator) username(expression string) *expressions.Expression {
	path := field.NewPath("username")
	if strings.TrimSpace(expression) == "" {
		v.errs = append(v.errs, field.Required(path, ""))
		return nil
	}
	return v.compile(path, expression, v.cert, text)
}

func (v *validator) optional(path *field.Path, expression string, k kind) *expressions.Expression {
	if expression == "" {
		return nil
	}
	return v.compile(path, expression, v.cert, k)
}

func (v *validator) extra(list []Extra) (compiled []extra) {
	seen := make(map[string]bool)
	for i, x := range list {
		path := field.NewPath("extra").Index(i)
		v.key(path.Child("key"), x.Key, seen)
		if x.ValueExpression == "" {
			v.errs = append(v.errs, field.Required(path.Child("valueExpression"), ""))
			continue
		}
		compiled = append(compiled, extra{v.compile(path.Child("valueExpression"), x.ValueExpression, v.cert, texts), x.Key})
	}
	return compiled
}

// key checks what kube-apiserver checks of such keys.
func (v *validator) key(path *field.Path, key string, seen map[string]bool) {
	v.errs = append(v.errs, utilvalidation.IsDomainPrefixedPath(path, key)...)
	if key != strings.ToLower(key) {
		v.errs = append(v.errs, field.Invalid(path, key, "must be lowercase"))
	}
	domain, _, _ := strings.Cut(key, "/")
	for _, reserved := range []string{"k8s.io", "kubernetes.io"} {
		if strings.HasSuffix("."+domain, "."+reserved) {
			v.errs = append(v.errs, field.Invalid(path, key, "k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes"))
		}
	}
	if seen[key] {
		v.errs = append(v.errs, field.Duplicate(path, key))
	}
	seen[key] = true
}

func (v *validator) rules(name string, list []Rule, env *cel.Env) (compiled []rule) {
	seen := make(map[string]bool)
	for i, r := range list {
		path := field.NewPath(name).Index(i)
		switch {
		case r.Expression == "":
			v.errs = append(v.errs, field.Required(path.Child("expression"), ""))
		case seen[r.Expression]:
			v.errs = append(v.errs, field.Duplicate(path.Child("expression"), r.Expression))
		default:
			if x := v.compile(path.Child("expression"), r.Expression, env, truth); x != nil {
				x.Path = path.String() // as authconfig calls a rule
				compiled = append(compiled, rule{x, r.Message})
			}
		}
		seen[r.Expression] = true
	}
	return compiled
}

// compile returns an expression, or nil if it is not valid.
func (v *validator) compile(path *field.Path, expression string, env *cel.Env, k kind) *expressions.Expression {
	invalid := func(why string) *expressions.Expression {
		v.errs = append(v.errs, field.Invalid(path, expression, why))
		return nil
	}
	checked, issues := env.Compile(expression)
	if issues != nil {
		return invalid("compilation failed: " + issues.String())
	}
	if !k.has(checked.OutputType()) {
		return invalid(fmt.Sprintf("must give %s, and gives %s", k.text, checked.OutputType()))
	}
	program, err := expressions.Program(env, checked)
	if err != nil {
		return invalid("program instantiation failed: " + err.Error())
	}
	v.runsAway = v.runsAway || !expressions.IsLinear(checked, false)
	return &expressions.Expression{Path: path.String(), Text: expression, Program: program}
}

func (k kind) has(t *cel.Type) bool {
	for _, one := range k.types {
		if one.IsExactType(t) {
			return true
		}
	}
	return false
}
