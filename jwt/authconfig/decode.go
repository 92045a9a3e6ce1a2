package authconfig

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"

	"github.com/authnchain/authnchain/internal/clip"
	"github.com/authnchain/authnchain/internal/follow"
)

// MaxConfig is how many bytes a configuration may have, and how many it may become
// once its YAML aliases are written out.
const MaxConfig = follow.MaxBytes

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
	if len(data) > MaxConfig {
		return nil, fmt.Errorf("the configuration has %d bytes, more than %d", len(data), MaxConfig)
	}
	if err := checkAliases(data); err != nil {
		return nil, err
	}
	decoded, err := runtime.Decode(newCodecs().UniversalDecoder(), data)
	if err != nil {
		return nil, short(err)
	}
	c, ok := decoded.(*apiserver.AuthenticationConfiguration)
	if !ok {
		return nil, fmt.Errorf("want an AuthenticationConfiguration, got %T", decoded)
	}
	return c, nil
}

// short bounds an error, since some repeat the whole file. Fields that are wrong
// are told all.
func short(err error) error {
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return clip.Error(err)
	}
	errs := strict.Errors()
	for i, err := range errs {
		if len(err.Error()) > 4*clip.Max {
			errs[i] = clip.Error(err)
		}
	}
	return runtime.NewStrictDecodingError(errs)
}

func newCodecs() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict)
}
