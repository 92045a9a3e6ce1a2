package expressions

import (
	"sync"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// Base returns what all of kube-apiserver's CEL environments have.
var Base = sync.OnceValue(func() *environment.EnvSet {
	return environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())
})

// Environment returns one with a variable more.
func Environment(name string, t *apiservercel.DeclType) (*cel.Env, error) {
	set, err := Base().Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable(name, t.CelType())},
		DeclTypes:         []*apiservercel.DeclType{t},
	})
	if err != nil {
		return nil, err
	}
	return set.Env(environment.StoredExpressions)
}

// Program returns the program of an expression, which notices that its time is up:
// every turn of a loop looks whether to stop. The cost limit is the environment's.
func Program(env *cel.Env, checked *cel.Ast) (cel.Program, error) {
	return env.Program(checked, cel.InterruptCheckFrequency(1))
}

// UserType is authentication.k8s.io/v1's UserInfo, the type of [UserValue].
func UserType() *apiservercel.DeclType {
	texts := Texts()
	return ObjectOf("kubernetes.UserInfo", map[string]*apiservercel.DeclType{
		"username": apiservercel.StringType,
		"uid":      apiservercel.StringType,
		"groups":   texts,
		"extra":    apiservercel.NewMapType(apiservercel.StringType, texts, -1),
	})
}

// Texts is the type of a list of strings.
func Texts() *apiservercel.DeclType { return apiservercel.NewListType(apiservercel.StringType, -1) }

// ObjectOf returns the type of an object with these fields, all of which may be
// absent.
func ObjectOf(name string, types map[string]*apiservercel.DeclType) *apiservercel.DeclType {
	fields := make(map[string]*apiservercel.DeclField, len(types))
	for name, t := range types {
		fields[name] = apiservercel.NewDeclField(name, t, false, nil, nil)
	}
	return apiservercel.NewObjectType(name, fields)
}
