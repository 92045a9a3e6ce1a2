package authconfig

import (
	"errors"
	"fmt"
	"math"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"

	"github.com/authnchain/authnchain/internal/clip"
)

// MaxBytes is how long a configuration may be, and how long it may become once
// its YAML aliases are written out.
const MaxBytes = 4 << 20

// Decode reads an AuthenticationConfiguration of apiserver.config.k8s.io/v1,
// v1beta1 or v1alpha1, in YAML or JSON, as kube-apiserver does: fields that are
// unknown, are there twice or have another type are errors. What the fields say is
// not looked at; [New] does that.
func Decode(data []byte) (*apiserver.AuthenticationConfiguration, error) {
	c, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("authconfig: %w", err)
	}
	return c, nil
}

func decode(data []byte) (*apiserver.AuthenticationConfiguration, error) {
	if len(data) == 0 {
		return nil, errors.New("the configuration is empty")
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("the configuration has %d bytes, more than %d", len(data), MaxBytes)
	}
	if err := checkAliases(data); err != nil {
		return nil, err
	}
	decoded, err := runtime.Decode(newCodecs().UniversalDecoder(), data)
	if runtime.IsStrictDecodingError(err) {
		return nil, err // all fields that are wrong
	}
	if err != nil {
		return nil, clip.Error(err) // some repeat the whole file
	}
	c, ok := decoded.(*apiserver.AuthenticationConfiguration)
	if !ok {
		return nil, fmt.Errorf("want an AuthenticationConfiguration, got %T", decoded)
	}
	return c, nil
}

func newCodecs() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict)
}

// checkAliases refuses YAML whose aliases make it much longer than it looks. The
// decoder has such a check of its own, for many short nodes; few that are long
// pass it.
func checkAliases(data []byte) error {
	stars := 0
	for _, c := range data {
		if c == '*' {
			stars++
		}
	}
	if stars*len(data) <= MaxBytes {
		return nil
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("yaml: %w", err)
	}
	if size := (sizes{}).of(&document); size > MaxBytes {
		return fmt.Errorf("yaml: more than %d bytes once its aliases are written out", MaxBytes)
	}
	return nil
}

// sizes are how long nodes are without aliases.
type sizes map[*yaml.Node]int

func (s sizes) of(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	if size, ok := s[n]; ok {
		return size
	}
	s[n] = math.MaxInt32 // if it holds itself
	size := 1 + len(n.Value)
	if n.Kind == yaml.AliasNode {
		size += s.of(n.Alias)
	}
	for _, child := range n.Content {
		size = min(size+s.of(child), math.MaxInt32)
	}
	s[n] = size
	return size
}
