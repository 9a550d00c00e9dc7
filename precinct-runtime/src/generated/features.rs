//! What generated code says of the builtins that it calls: those of a feature that is off stop the build.
//!
//! A macro for each feature, because what is turned on is known where this crate is compiled, and must be said where the
//! policies are.

macro_rules! needs {
    ($dollar:tt $($feature:literal $name:ident,)*) => {$(
        #[cfg(feature = $feature)]
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $name {
            ($dollar builtins:literal) => {};
        }
        #[cfg(not(feature = $feature))]
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $name {
            ($dollar builtins:literal) => {
                ::core::compile_error!(::core::concat!(
                    "the policies call ",
                    $dollar builtins,
                    ": turn on the feature `",
                    $feature,
                    "` of precinct-runtime, or take the calls out"
                ));
            };
        }
    )*};
}

needs! { $
    "crypto" __needs_crypto,
    "graphql" __needs_graphql,
    "http" __needs_http,
    "schema" __needs_schema,
}
